/** Requests that are nearly right: every kind, every verb, queries and bodies with mistakes in them. */
import type { Kind } from '#kinds/kind.ts';
import { encodeEnvelope } from '#kinds/codec/codec.ts';
import type { JsonObject } from '#machinery/object.ts';
import type { Chance } from './random.ts';
import { value } from './values.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

const NAMES = ['a', 'b', 'c', 'web', 'Not_A_Name', 'kubernetes', 'default', '..', '%00', 'a%2Fb'];
const QUERIES: readonly (readonly [string, readonly string[]])[] = [
  ['limit', ['1', '0', '-1', 'x', '99999999999999999999']],
  ['continue', ['', 'garbage', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9']],
  ['resourceVersion', ['0', '1', '999999999', '-1', 'x', '']],
  ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'Other']],
  ['labelSelector', ['a=b', 'a in (b,c)', '!a', 'a==', '(', 'a notin ()', ',']],
  ['fieldSelector', ['metadata.name=a', 'metadata.name!=a', 'spec.nodeName=', 'x=y', '=', 'status.phase']],
  ['dryRun', ['All', 'Some']],
  ['fieldManager', ['me', 'x'.repeat(200)]],
  ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'Other']],
  ['force', ['true', 'maybe']],
  ['gracePeriodSeconds', ['0', '5', '-3', 'x']],
  ['propagationPolicy', ['Foreground', 'Background', 'Orphan', 'Never']],
  ['pretty', ['true', '1']],
  ['timeoutSeconds', ['1', 'x']],
];
const ACCEPT = [
  'application/json',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/yaml',
  'application/cbor',
  'text/html',
  '*/*',
];
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/json'];
const OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'leap'];
const POINTERS = ['', '/', '/spec', '/metadata/labels/a', '/spec/containers/0/image', '/spec/containers/-', '/a/~2', '/metadata/name'];

function query(random: Chance): string {
  const terms = QUERIES.filter(() => random.yes(0.08)).map(([name, values]) => `${name}=${encodeURIComponent(random.one(values))}`);
  return terms.length === 0 ? '' : `?${terms.join('&')}`;
}

function damaged(bytes: Buffer, random: Chance): Buffer {
  const copy = Buffer.from(bytes);
  for (let hits = random.int(4); hits > 0 && copy.length > 0; hits--) copy[random.int(copy.length)] = random.int(256);
  return random.yes(0.3) ? copy.subarray(0, random.int(copy.length + 1)) : copy;
}

/** JSON text mostly; sometimes cut short or with a byte changed. */
const text = (body: unknown, random: Chance): Buffer => {
  const bytes = Buffer.from(JSON.stringify(body) ?? '');
  return random.yes(0.05) ? damaged(bytes, random) : bytes;
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'BREW'];
const PIECES = [
  'api',
  'apis',
  'v1',
  'namespaces',
  'default',
  'pods',
  'apps',
  'openapi',
  'v2',
  'v3',
  'version',
  'healthz',
  'livez',
  'readyz',
  'metrics',
  'watch',
  'proxy',
  'log',
  '',
  '.',
  '..',
  '%',
  '%2e%2e',
  '%ff',
  'é',
  ' ',
  '\u0000',
  'x'.repeat(3000),
];

/** Bytes without any sense to them. */
function rawRequest(random: Chance): FuzzRequest {
  const path = `/${Array.from({ length: random.int(7) }, () => random.one(PIECES)).join('/')}`;
  const noise = (): string => Array.from({ length: random.int(30) }, () => String.fromCharCode(32 + random.int(95))).join('');
  const body = Buffer.from(Array.from({ length: random.int(200) }, () => random.int(256)));
  return {
    method: random.one(METHODS),
    url: random.yes(0.3) ? `${path}?${noise()}` : path,
    headers: { accept: random.yes(0.5) ? random.one(ACCEPT) : noise(), 'content-type': random.yes(0.5) ? random.one(PATCHES) : noise() },
    body: random.yes(0.5) ? body : undefined,
  };
}

export function fuzzRequest(kinds: readonly Kind[], random: Chance): FuzzRequest {
  if (random.yes(0.1)) return rawRequest(random);
  const kind = random.one(kinds);
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = `${root}/${kind.namespaced ? 'namespaces/default/' : ''}${kind.plural}`;
  const name = random.yes(0.7) ? random.one(['a', 'b', 'c']) : random.one(NAMES);
  const subresource = random.yes(0.15) ? `/${random.one(['status', 'scale', 'log', 'binding', 'eviction', 'ephemeralcontainers', 'nothing'])}` : '';
  const item = `${collection}/${name}${subresource}`;
  const accept = { accept: random.yes(0.7) ? 'application/json' : random.one(ACCEPT) };
  const object = (): Record<string, unknown> => {
    const made = value(kind.schema, random) as Record<string, unknown>;
    if (typeof made !== 'object' || made === null || Array.isArray(made)) return {};
    const { metadata } = made;
    return {
      ...made,
      apiVersion: random.yes(0.95) ? (kind.group === '' ? kind.version : `${kind.group}/${kind.version}`) : 'v0',
      kind: random.yes(0.97) ? kind.kind : 'Other',
      metadata: random.yes(0.9) ? { name, ...(random.yes(0.3) ? { labels: { a: 'b' } } : {}) } : metadata,
    };
  };
  const write = (method: string, url: string): FuzzRequest => {
    const body = object();
    if (random.yes(0.2)) {
      try {
        const bytes = encodeEnvelope(kind.schema, body as JsonObject);
        return { method, url, headers: { ...accept, 'content-type': 'application/vnd.kubernetes.protobuf' }, body: random.yes(0.5) ? damaged(bytes, random) : bytes };
      } catch {
        // what cannot be said in protobuf goes as JSON
      }
    }
    return {
      method,
      url,
      headers: { ...accept, 'content-type': random.yes(0.85) ? 'application/json' : random.one(['application/yaml', 'text/plain']) },
      body: text(body, random),
    };
  };
  switch (random.int(9)) {
    case 0:
      return { method: 'GET', url: item + query(random), headers: accept, body: undefined };
    case 1:
      return { method: 'GET', url: collection + query(random), headers: accept, body: undefined };
    case 2:
    case 3:
    case 4:
      return write('POST', collection + query(random));
    case 5:
      return write('PUT', item + query(random));
    case 6:
    case 7: {
      const type = random.one(PATCHES);
      const patch =
        type === 'application/json-patch+json'
          ? Array.from({ length: random.int(4) }, () => ({
              op: random.one(OPS),
              path: random.one(POINTERS),
              from: random.one(POINTERS),
              value: random.one(['x', 1, null, { a: 'b' }, []]),
            }))
          : object();
      return { method: 'PATCH', url: item + query(random), headers: { ...accept, 'content-type': type }, body: text(patch, random) };
    }
    default:
      return { method: 'DELETE', url: (random.yes(0.8) ? item : collection) + query(random), headers: accept, body: random.yes(0.3) ? text(object(), random) : undefined };
  }
}
