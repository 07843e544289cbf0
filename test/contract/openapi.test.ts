/** OpenAPI over HTTP, both versions, against Kubernetes' own document of 1.36. */
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasOracle, oracleJson, vectors } from '#kinds/generate/oracle.ts';
import { contractServer } from './support.ts';

const server = contractServer();
const get = (path: string, headers: Record<string, string> = {}) => server().request('GET', path, undefined, headers);
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const V3_PROTOBUF = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';

type Json = Record<string, unknown>;
interface Document {
  readonly definitions: Record<string, Json & { readonly properties?: Record<string, Json> }>;
}

/** Line breaks of one description, which no source of ours keeps; docs/conformance.md says how many these are. */
const KNOWN_DIFFERENCES = ['io.k8s.apimachinery.pkg.api.resource.Quantity description'];

describe.skipIf(!hasOracle('/openapi/v2 against Kubernetes 1.36'))('/openapi/v2', () => {
  test('definitions, properties, required fields, descriptions and extensions are Kubernetes’ own', async () => {
    const own = (await get('/openapi/v2')).json as Document;
    const upstream = oracleJson('openapi-v2-1.36.json') as Document;
    const differences: string[] = [];
    for (const [name, mine] of Object.entries(own.definitions)) {
      const theirs = upstream.definitions[name];
      if (theirs === undefined) {
        differences.push(`${name}: not in upstream`);
        continue;
      }
      for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
        if (key === 'properties' || isDeepStrictEqual(mine[key], theirs[key])) continue;
        // upstream serves alpha and beta versions besides: a kind of every version lists those too
        const [few, many] = [mine[key], theirs[key]];
        if (key === 'x-kubernetes-group-version-kind' && Array.isArray(few) && Array.isArray(many) && few.every((one) => many.some((other) => isDeepStrictEqual(one, other))))
          continue;
        differences.push(`${name} ${key}`);
      }
      const [left, right] = [mine.properties ?? {}, theirs.properties ?? {}];
      for (const property of new Set([...Object.keys(left), ...Object.keys(right)]))
        if (!isDeepStrictEqual(left[property], right[property])) differences.push(`${name}.${property}`);
    }
    expect(Object.keys(own.definitions).length).toBeGreaterThan(500);
    expect(differences).toEqual(KNOWN_DIFFERENCES);
    // every definition that a path of ours could lead to is there
    const missing = Object.entries(upstream.definitions).filter(
      ([name, definition]) =>
        !(name in own.definitions) &&
        /\.v\d+\.[A-Z]/.test(name) &&
        'x-kubernetes-group-version-kind' in definition &&
        (definition['x-kubernetes-group-version-kind'] as Json[]).some(({ version }) => /^v\d+$/.test(String(version))),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  test('all vectors of the codec are looked at', () => {
    const files = readdirSync(new URL('../../../shared/data/vectors/', import.meta.url), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.pb'));
    expect(vectors()).toHaveLength(files.length);
    expect(files.length).toBeGreaterThanOrEqual(91);
  });
});

describe('forms', () => {
  test.each([
    ['/openapi/v2', V2_PROTOBUF, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
    ['/openapi/v2', 'application/json', 'application/json'],
    ['/openapi/v2', '*/*', 'application/json'],
    ['/openapi/v3/apis/apps/v1', V3_PROTOBUF, 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'],
    ['/openapi/v3/apis/apps/v1', 'application/json, */*', 'application/json'],
    ['/openapi/v3', 'application/json, */*', 'application/json'],
  ])('%s as %s', async (path, accept, type) => {
    const plain = await get(path, { accept });
    expect([plain.status, plain.headers['content-type']]).toEqual([200, type]);
    if (accept.includes('protobuf')) expect(() => plain.json as unknown).toThrow();
    const packed = await get(path, { accept, 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    const again = await get(path, { accept, 'if-none-match': String(plain.headers['etag']) });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
  });

  test('what there is not is 406', async () => {
    for (const path of ['/openapi/v2', '/openapi/v3/api/v1']) expect((await get(path, { accept: 'application/xml' })).status).toBe(406);
    expect((await get('/openapi/v3/apis/none/v1')).status).toBe(404);
  });

  test('the index names every group and version under an address that may be kept for ever', async () => {
    const { json } = await get('/openapi/v3');
    const paths = json.paths as Record<string, { serverRelativeURL: string }>;
    for (const name of ['api', 'apis', 'version', 'api/v1', 'apis/apps/v1', 'apis/apps', 'apis/events.k8s.io/v1', 'apis/apiextensions.k8s.io/v1'])
      expect(Object.keys(paths), name).toContain(name);
    const { serverRelativeURL: url } = paths['apis/apps/v1']!;
    expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/);
    const kept = await get(url);
    expect(kept.headers['cache-control']).toContain('immutable');
    expect(Date.parse(String(kept.headers['expires']))).toBeGreaterThan(Date.now() + 300 * 24 * 3600 * 1000);
    const moved = await get(url.replace(/hash=.*/, 'hash=OLD'));
    expect([moved.status, moved.headers['location']]).toEqual([301, url]);
  });

  test('every reference of a document is in it; patches name their kind and take fieldValidation', async () => {
    const { json: index } = await get('/openapi/v3');
    for (const name of Object.keys(index.paths as object)) {
      const { text, json } = await get(`/openapi/v3/${name}`);
      const known = new Set(Object.keys((json.components?.schemas ?? {}) as object));
      for (const [, reference] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) expect(known.has(reference!), `${name} ${reference!}`).toBe(true);
      for (const [path, item] of Object.entries(json.paths as Record<string, { patch?: Json & { parameters?: { name: string }[] } }>)) {
        if (item.patch === undefined || path.includes('/proxy')) continue;
        expect(item.patch['x-kubernetes-group-version-kind'], path).toBeDefined();
        expect(
          item.patch.parameters?.map((parameter) => parameter.name),
          path,
        ).toContain('fieldValidation');
      }
    }
  });
});
