/** Answers that seldom change: made once, named by a hash, 304 for clients that have them. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ApiResponse } from '../door.ts';
import { type Exchange, headersOf } from './reply.ts';

const compress = promisify(gzip);

export class CachedDocument {
  readonly bytes: Uint8Array;
  /** SHA-512 in hex, upper case, as kube-apiserver's. */
  readonly hash: string;
  #packed: Promise<Uint8Array> | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.hash = createHash('sha512').update(bytes).digest('hex').toUpperCase();
  }

  packed(): Promise<Uint8Array> {
    return (this.#packed ??= compress(this.bytes, { level: constants.Z_DEFAULT_COMPRESSION }));
  }
}

/** Where gzip begins to pay for documents that are packed once. Bytes. */
const PACK_FROM = 4 * 1024;

export async function replyCached(exchange: Exchange, contentType: string, document: CachedDocument, headers: Readonly<Record<string, string>> = {}): Promise<ApiResponse> {
  const all: Record<string, string | readonly string[]> = { ...headersOf(exchange, contentType), 'cache-control': 'public', ...headers };
  const etag = `"${document.hash}"`;
  all['etag'] = etag;
  const known = exchange.request.headers['if-none-match'];
  if (known !== undefined && known.split(',').some((one) => one.trim() === etag || one.trim() === '*')) {
    delete all['content-type'];
    return { status: 304, headers: all, body: '' };
  }
  if (document.bytes.byteLength >= PACK_FROM && /(?:^|[,\s])gzip(?:$|[,;\s])/.test(exchange.request.headers['accept-encoding'] ?? '')) {
    all['content-encoding'] = 'gzip';
    return { status: 200, headers: all, body: await document.packed() };
  }
  return { status: 200, headers: all, body: document.bytes };
}
