/** Requests whose answer lasts: what is changed about them so that they live within a function. */
import type { EventRequest } from '../shared/http-event.ts';
import type { KeepAlive } from '../shared/answer.ts';
import { requestInfo } from '#apiserver/routing/request-info.ts';

export interface Long {
  readonly request: EventRequest;
  readonly keepAlive: KeepAlive;
}

/** JSON can be kept alive by white space; frames with a length cannot. */
const BINARY = /^\s*application\/(?:vnd\.kubernetes\.protobuf|cbor|cbor-seq)\b/;

function preferJson(accept: string | undefined): string | undefined {
  if (accept === undefined) return undefined;
  const left = accept.split(',').filter((range) => !BINARY.test(range));
  return left.length === 0 ? accept : left.join(',');
}

function acceptsGzip(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding.split(',').some((one) => /^\s*gzip\s*(?:;(?!\s*q=0(?:\.0*)?\s*$).*)?$/.test(one));
}

/** `limitSeconds`: how long an answer may last. */
export function longRequest(request: EventRequest, limitSeconds: number): Long {
  const plain: Long = { request, keepAlive: 'none' };
  let info: ReturnType<typeof requestInfo>;
  try {
    info = requestInfo(request.method, request.path, request.query);
  } catch {
    // refused by the API server in its own words
    return plain;
  }
  if (info.isResource && info.verb === 'watch') {
    const query = new URLSearchParams(request.query);
    const asked = Number(query.get('timeoutSeconds') ?? '0');
    // the watch then ends by itself, with a last bookmark, before the function does
    if (!(asked > 0 && asked <= limitSeconds)) query.set('timeoutSeconds', String(limitSeconds));
    const accept = preferJson(request.headers['accept']);
    const binary = accept !== undefined && accept.split(',').every((range) => BINARY.test(range));
    return { request: { ...request, query: query.toString(), headers: { ...request.headers, accept } }, keepAlive: binary ? 'none' : 'newline' };
  }
  if (info.isResource && info.resource === 'pods' && info.subresource === 'log' && /(?:^|&)follow=(?:true|1)(?:&|$)/.test(request.query)) {
    return { request, keepAlive: acceptsGzip(request.headers['accept-encoding']) ? 'gzip' : 'none' };
  }
  return plain;
}
