/** The event of a REST API's proxy integration (payload 1.0), and of a function URL (2.0), made from what came on the wire. */
import type { IncomingMessage } from 'node:http';

export const STAGE = 'k';

function headersOf(incoming: IncomingMessage): { readonly single: Record<string, string>; readonly multi: Record<string, string[]> } {
  const single: Record<string, string> = {};
  const multi: Record<string, string[]> = {};
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const name = incoming.rawHeaders[at]!;
    const value = incoming.rawHeaders[at + 1]!;
    single[name] = value;
    (multi[name] ??= []).push(value);
  }
  return { single, multi };
}

/** Decoded as API Gateway does it: percent escapes and `+`. */
function queryOf(text: string): { readonly single: Record<string, string> | null; readonly multi: Record<string, string[]> | null } {
  if (text === '') return { single: null, multi: null };
  const single: Record<string, string> = {};
  const multi: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    single[name] = value;
    (multi[name] ??= []).push(value);
  }
  return { single, multi };
}

export function restEventOf(incoming: IncomingMessage, body: Buffer | undefined, requestId: string, startedAt: number): object {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const headers = headersOf(incoming);
  const query = queryOf(mark < 0 ? '' : url.slice(mark + 1));
  return {
    resource: path === '/' ? '/' : '/{proxy+}',
    path,
    httpMethod: incoming.method,
    headers: headers.single,
    multiValueHeaders: headers.multi,
    queryStringParameters: query.single,
    multiValueQueryStringParameters: query.multi,
    pathParameters: path === '/' ? null : { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      resourceId: 'local',
      stage: STAGE,
      path: `/${STAGE}${path}`,
      httpMethod: incoming.method,
      resourcePath: path === '/' ? '/' : '/{proxy+}',
      protocol: 'HTTP/1.1',
      requestId,
      extendedRequestId: requestId,
      requestTimeEpoch: startedAt,
      domainName: incoming.headers.host ?? 'localhost',
      identity: { sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1', userAgent: incoming.headers['user-agent'] ?? null, userArn: null, accountId: null, user: null },
    },
    // all media types count as binary: nothing is taken for UTF-8 that is none
    body: body === undefined ? null : body.toString('base64'),
    isBase64Encoded: body !== undefined,
  };
}

export interface IamIdentity {
  readonly accessKey: string;
  readonly accountId: string;
  readonly userArn: string;
  readonly userId: string;
}

export function urlEventOf(incoming: IncomingMessage, body: Buffer | undefined, requestId: string, startedAt: number, iam: IamIdentity | undefined): object {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(headersOf(incoming).multi)) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? values.join(',') : `${headers[lower]},${values.join(',')}`;
  }
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: mark < 0 ? '' : url.slice(mark + 1),
    headers,
    requestContext: {
      accountId: iam?.accountId ?? 'anonymous',
      apiId: 'local',
      domainName: incoming.headers.host ?? 'localhost',
      http: { method: incoming.method, path, protocol: 'HTTP/1.1', sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1', userAgent: incoming.headers['user-agent'] ?? '' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      timeEpoch: startedAt,
      ...(iam === undefined ? {} : { authorizer: { iam: { ...iam, callerId: iam.userId, cognitoIdentity: null, principalOrgId: null } } }),
    },
    ...(body === undefined ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body !== undefined,
  };
}
