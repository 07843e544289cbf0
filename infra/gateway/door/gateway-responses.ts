/**
 * What API Gateway says where no function was asked or none answered: Status objects, so that kubectl shows a reason and not "unknown".
 * The CDK app deploys these templates; the local gateway answers with the same.
 */
export interface GatewayResponse {
  /** API Gateway's response type. */
  readonly type: string;
  readonly statusCode: number;
  readonly reason: string;
  readonly message: string;
  /** For the Retry-After header: only where the function surely was not run. */
  readonly retryAfterSeconds?: number;
}

export const GATEWAY_RESPONSES: readonly GatewayResponse[] = [
  { type: 'DEFAULT_4XX', statusCode: 400, reason: 'BadRequest', message: 'the gateway refused the request' },
  { type: 'DEFAULT_5XX', statusCode: 500, reason: 'InternalError', message: 'the gateway could not get an answer from the API function' },
  { type: 'REQUEST_TOO_LARGE', statusCode: 413, reason: 'RequestEntityTooLarge', message: 'Request entity too large: the gateway takes 6 MiB with everything around the body' },
  { type: 'THROTTLED', statusCode: 429, reason: 'TooManyRequests', message: 'too many requests, please try again later', retryAfterSeconds: 1 },
  { type: 'QUOTA_EXCEEDED', statusCode: 429, reason: 'TooManyRequests', message: 'the quota of requests is used up', retryAfterSeconds: 1 },
  { type: 'INTEGRATION_FAILURE', statusCode: 502, reason: 'InternalError', message: 'the API function ended without an answer' },
  { type: 'INTEGRATION_TIMEOUT', statusCode: 504, reason: 'Timeout', message: 'the API function did not answer in time' },
  { type: 'MISSING_AUTHENTICATION_TOKEN', statusCode: 404, reason: 'NotFound', message: 'the server could not find the requested resource' },
  { type: 'ACCESS_DENIED', statusCode: 403, reason: 'Forbidden', message: 'the gateway refused the identity of the caller' },
];

export function statusBody({ statusCode, reason, message, retryAfterSeconds }: GatewayResponse): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code: statusCode,
  });
}

export const gatewayResponse = (type: string): GatewayResponse => GATEWAY_RESPONSES.find((one) => one.type === type)!;
