/** Answers: headers, warnings, compression. */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ApiRequest, ApiResponse } from '../door.ts';

const compress = promisify(gzip);

/** Smaller answers are not worth the time, as in Kubernetes. Bytes. */
const GZIP_FROM = 128 * 1024;
/** Kubernetes answers with at most this much of warnings. Bytes. */
const WARNINGS_LIMIT = 4 * 1024;
const NO_CACHE = 'no-cache, private';

export interface Exchange {
  readonly request: ApiRequest;
  readonly requestId: string;
  readonly warnings: string[];
  /** Collected for the audit record. */
  annotations: Record<string, string>;
}

function warningHeaders(warnings: readonly string[]): readonly string[] {
  let left = WARNINGS_LIMIT;
  const headers: string[] = [];
  for (const text of new Set(warnings)) {
    const plain = text.replace(/\p{Cc}/gu, ' ').replace(/[\\"]/g, '\\$&');
    // a header is Latin-1 on the wire, and clients read UTF-8 out of it
    const header = Buffer.from(`299 - "${plain}"`).toString('latin1');
    if ((left -= header.length) < 0) break;
    headers.push(header);
  }
  return headers;
}

export function headersOf({ requestId, warnings }: Exchange, contentType: string): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = { 'audit-id': requestId, 'cache-control': NO_CACHE, 'content-type': contentType };
  if (warnings.length > 0) headers['warning'] = warningHeaders(warnings);
  return headers;
}

export const reply = (exchange: Exchange, status: number, contentType: string, body: ApiResponse['body']): ApiResponse => ({
  status,
  headers: headersOf(exchange, contentType),
  body,
});

/** Smaller answers go out as one buffer whatever they are made of: a buffer each would be a write each. Bytes. */
const PARTS_FROM = 64 * 1024;

function takesGzip({ request }: Exchange): boolean {
  const accepts = request.headers['accept-encoding'];
  return accepts !== undefined && /(?:^|[,\s])gzip(?:$|[,;\s])/.test(accepts) && !/gzip\s*;\s*q=0(?:\.0*)?(?:$|[,\s])/.test(accepts);
}

/** Large answers to readers that take gzip are packed; to others they go as they are, in parts or in one. */
export async function replyCompressed(exchange: Exchange, status: number, contentType: string, body: Uint8Array | readonly Uint8Array[]): Promise<ApiResponse> {
  const length = body instanceof Uint8Array ? body.byteLength : body.reduce((sum, part) => sum + part.byteLength, 0);
  const whole = (): Uint8Array => (body instanceof Uint8Array ? body : Buffer.concat(body, length));
  if (length < GZIP_FROM || !takesGzip(exchange)) return reply(exchange, status, contentType, length < PARTS_FROM ? whole() : body);
  // Kubernetes' level too: the next ones cost twice the time for a tenth of the size
  const packed = await compress(whole(), { level: constants.Z_BEST_SPEED });
  const headers = headersOf(exchange, contentType);
  headers['content-encoding'] = 'gzip';
  headers['vary'] = 'Accept-Encoding';
  return { status, headers, body: packed };
}

export const replyText = (exchange: Exchange, status: number, text: string): ApiResponse => {
  const headers = headersOf(exchange, 'text/plain; charset=utf-8');
  headers['x-content-type-options'] = 'nosniff';
  return { status, headers, body: text };
};
