/** API Gateway's and function URLs' events as the API server's requests. Payload 1.0 (REST API) and 2.0 (function URL). */
import type { ApiRequest } from '#apiserver/door.ts';

interface RestEvent {
  readonly version?: '1.0';
  readonly httpMethod: string;
  /** Without the stage; percent-encoding kept. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>> | null;
  /** Decoded. */
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>> | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId?: string;
    readonly identity?: { readonly sourceIp?: string; readonly userArn?: string | null; readonly accountId?: string | null; readonly user?: string | null };
  };
}

interface UrlEvent {
  readonly version: '2.0';
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Lower case, repeated ones joined by comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId?: string;
    readonly http: { readonly method: string; readonly sourceIp?: string };
    readonly authorizer?: { readonly iam?: { readonly userArn?: string; readonly accountId?: string; readonly userId?: string } };
  };
}

export type HttpEvent = RestEvent | UrlEvent;

export class ForeignEvent extends Error {
  readonly code = 'FOREIGN_EVENT';
}

export type EventRequest = Omit<ApiRequest, 'signal'>;

const bodyOf = ({ body, isBase64Encoded }: HttpEvent): Uint8Array | undefined =>
  body === undefined || body === null || body === '' ? undefined : Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');

/** Put back together as a client may have written it: the gateway hands it over decoded. */
function restQuery({ multiValueQueryStringParameters, queryStringParameters }: RestEvent): string {
  const all = multiValueQueryStringParameters ?? Object.fromEntries(Object.entries(queryStringParameters ?? {}).map(([name, value]) => [name, [value]]));
  return Object.entries(all)
    .flatMap(([name, values]) => values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
    .join('&');
}

function restHeaders({ multiValueHeaders, headers }: RestEvent): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) found[name.toLowerCase()] = values.join(', ');
  if (multiValueHeaders === null) for (const [name, value] of Object.entries(headers ?? {})) found[name.toLowerCase()] = value;
  return found;
}

const callerOf = (arn: string | null | undefined, account: string | null | undefined, userId: string | null | undefined): Pick<ApiRequest, 'awsCaller'> =>
  arn ? { awsCaller: { arn, account: account ?? '', userId: userId ?? '' } } : {};

/** @throws ForeignEvent for an event that is no HTTP request */
export function requestOfEvent(event: unknown): EventRequest {
  const one = (event ?? {}) as { readonly version?: unknown; readonly rawPath?: unknown; readonly httpMethod?: unknown; readonly path?: unknown };
  if (one.version === '2.0' && typeof one.rawPath === 'string') {
    const url = event as UrlEvent;
    const { http, authorizer } = url.requestContext;
    const iam = authorizer?.iam;
    return {
      method: http.method,
      path: url.rawPath,
      query: url.rawQueryString ?? '',
      headers: url.headers,
      body: bodyOf(url),
      ...callerOf(iam?.userArn, iam?.accountId, iam?.userId),
      ...(http.sourceIp === undefined ? {} : { remoteAddress: http.sourceIp }),
    };
  }
  if (typeof one.httpMethod === 'string' && typeof one.path === 'string') {
    const rest = event as RestEvent;
    const identity = rest.requestContext?.identity;
    return {
      method: rest.httpMethod,
      path: rest.path,
      query: restQuery(rest),
      headers: restHeaders(rest),
      body: bodyOf(rest),
      ...callerOf(identity?.userArn, identity?.accountId, identity?.user),
      ...(identity?.sourceIp === undefined ? {} : { remoteAddress: identity.sourceIp }),
    };
  }
  throw new ForeignEvent('the event is no HTTP request of API Gateway or of a function URL');
}
