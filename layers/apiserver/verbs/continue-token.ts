/** `continue`: where a list goes on, as base64url JSON {v, rv, start, since}, which clients never look into. */
import { badRequest } from '#machinery/status.ts';

export interface ContinueToken {
  /** The snapshot that the list is of; -1: go on in whatever is there now. */
  readonly rv: number;
  readonly after: { readonly namespace: string; readonly name: string };
  /** Seconds since the epoch at which the list began. */
  readonly since: number;
  /** How many objects follow, where the first page knew. */
  readonly left?: number;
}

const VERSION = 'meta.k8s.io/v1';

export function encodeContinue({ rv, after, since, left }: ContinueToken): string {
  const start = after.namespace === '' ? `${after.name}\u0000` : `${after.namespace}/${after.name}\u0000`;
  return Buffer.from(JSON.stringify({ v: VERSION, rv, start, since, left })).toString('base64url');
}

/** @throws ApiError 400 */
export function decodeContinue(token: string, namespaced: boolean): ContinueToken {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw badRequest('continue key is not valid: not a token of this server');
  }
  const { v, rv, start, since, left } = (typeof value === 'object' && value !== null ? value : {}) as {
    v?: unknown;
    rv?: unknown;
    start?: unknown;
    since?: unknown;
    left?: unknown;
  };
  if (v !== VERSION) throw badRequest(`continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1)
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  if (typeof since !== 'number' || !(since >= 0)) throw badRequest('continue key is not valid: it does not say when the list began (version meta.k8s.io/v1)');
  const key = start.endsWith('\u0000') ? start.slice(0, -1) : start;
  const slash = namespaced ? key.indexOf('/') : -1;
  const known = typeof left === 'number' && Number.isSafeInteger(left) ? { left } : {};
  return { rv, since, ...known, after: slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) } };
}
