/**
 * What a path and method ask for (Kubernetes' `endpoints/request/requestinfo.go`). The grammar is fixed, so it is split by hand: a router
 * library would save nothing.
 */
import { badRequest } from '#machinery/status.ts';

export interface RequestInfo {
  readonly isResource: boolean;
  /** The decoded path without a trailing slash, for everything that is no resource. */
  readonly path: string;
  /** `get list watch create update patch delete deletecollection proxy`; the method in lower case for non-resources. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Behind the subresource of a proxy: as sent, with its slash. */
  readonly rest: string;
}

const NON_RESOURCE = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: '' } as const;
/** Subresources of a namespace itself: `/namespaces/x/status` is no resource named `status`. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);
/** What follows these belongs to somebody else's server. */
const PROXIED: ReadonlySet<string> = new Set(['proxy']);

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path holds an invalid escape: ${JSON.stringify(part)}`);
  }
}

const VERBS: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** `watch`, `watch=1`, `watch=true`, but not `watch=false`. */
function asksWatch(query: string): boolean {
  const match = /(?:^|&)watch(?:=([^&]*))?(?:&|$)/.exec(query);
  return match !== null && match[1] !== 'false' && match[1] !== '0';
}

/** `metadata.name=x` in the field selector names the one object that a list or watch may see: authorization by name relies on it. */
function selectedName(query: string): string {
  const match = /(?:^|&)fieldSelector=([^&]*)/.exec(query);
  if (match === null) return '';
  return /(?:^|,)metadata\.name={1,2}([^,]+)/.exec(decode(match[1]!.replaceAll('+', ' ')))?.[1] ?? '';
}

export function requestInfo(method: string, rawPath: string, query: string): RequestInfo {
  const parts = rawPath.split('/');
  // '/api/v1/pods' -> ['', 'api', 'v1', 'pods']
  const root = parts[1];
  let at: number;
  let group = '';
  let version: string;
  if (root === 'api' && parts.length > 3) {
    version = decode(parts[2]!);
    at = 3;
  } else if (root === 'apis' && parts.length > 4) {
    group = decode(parts[2]!);
    version = decode(parts[3]!);
    at = 4;
  } else return nonResource(method, rawPath);
  while (parts.length > at + 1 && parts.at(-1) === '') parts.pop();
  let verb = VERBS[method] ?? method.toLowerCase();
  // the oldest forms: /api/v1/watch/pods and /api/v1/proxy/namespaces/...
  let legacyProxy = false;
  if (parts[at] === 'watch' && method === 'GET') {
    verb = 'watch';
    at++;
  } else if (parts[at] === 'proxy') {
    legacyProxy = true;
    at++;
  }
  if (parts[at] === undefined || parts[at] === '') return nonResource(method, rawPath);
  let namespace = '';
  if (parts[at] === 'namespaces') {
    if (parts.length > at + 1) namespace = decode(parts[at + 1]!);
    // namespaces/x/pods: the resource is what follows; namespaces/x and namespaces/x/status are about the namespace
    if (parts.length > at + 2 && !(parts.length === at + 3 && NAMESPACE_SUBRESOURCES.has(parts[at + 2]!))) at += 2;
  }
  const resource = decode(parts[at]!);
  const name = parts.length > at + 1 ? decode(parts[at + 1]!) : '';
  let subresource = parts.length > at + 2 ? decode(parts[at + 2]!) : '';
  let restAt = at + 3;
  if (legacyProxy) {
    subresource = 'proxy';
    restAt = at + 2;
  }
  const rest = PROXIED.has(subresource) && rawPath.split('/').length > restAt ? `/${rawPath.split('/').slice(restAt).join('/')}` : '';
  if (!PROXIED.has(subresource) && parts.length > at + 3) return nonResource(method, rawPath);
  if (name === '' || verb === 'watch') {
    if (verb === 'get') verb = asksWatch(query) ? 'watch' : 'list';
    else if (verb === 'delete') verb = 'deletecollection';
  }
  return {
    isResource: true,
    path: rawPath,
    verb,
    group,
    version,
    namespace,
    resource,
    subresource,
    name: name === '' && (verb === 'list' || verb === 'watch') ? selectedName(query) : name,
    rest,
  };
}

/** Paths of Kubernetes' router; its plain handlers know no slash behind them. */
const SLASH_MAY_FOLLOW = /^\/(?:apis?|version|openid\/v1\/jwks|\.well-known\/openid-configuration)(?:\/.*)?\/$/;

function nonResource(method: string, rawPath: string): RequestInfo {
  const path = decode(rawPath);
  return { isResource: false, path: SLASH_MAY_FOLLOW.test(path) ? path.slice(0, -1) : path, verb: method.toLowerCase(), ...NON_RESOURCE };
}
