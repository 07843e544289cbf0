/** Which form an answer takes, and which bodies are taken: Accept, Content-Type, tables, partial objects, protobuf, gzip. */
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeEnvelope } from '#kinds/codec/codec.ts';
import { schemaOf } from '#kinds/schema.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { configMap, contractServer, mapsIn, pod, PROTOBUF, TABLE } from './support.ts';

const server = contractServer();
const MAPS = mapsIn('forms');
const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
beforeAll(async () => void (await server().request('POST', MAPS, configMap('a', { x: 'y' }, { k: 'v' }))));
const get = (url: string, accept: string, headers: Record<string, string> = {}) => server().request('GET', url, undefined, { accept, ...headers });

describe('Accept', () => {
  test.each([
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json;q=0', 'application/json'],
    ['application/json;stream=watch', 'application/json'],
    ['application/json', 'application/json'],
    ['text/html, application/json;q=0.5', 'application/json'],
    ['application/yaml', 'application/yaml'],
    [PROTOBUF, PROTOBUF],
    [`${PROTOBUF},application/json`, PROTOBUF],
    [`application/json;q=0.4,${PROTOBUF};q=0.9`, PROTOBUF],
    ['application/cbor,application/json', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
  ])('%j gives %s', async (accept, type) => {
    for (const url of [`${MAPS}/a`, MAPS]) {
      const answer = await get(url, accept);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
    }
  });

  test.each([['text/plain'], ['application/cbor'], ['application/xml'], ['application/*']])('%s is 406 before anybody looks', async (accept) => {
    const { status, json } = await get(`${MAPS}/a`, accept);
    expect([status, json.reason, json.message, json.details]).toEqual([
      406,
      'NotAcceptable',
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      {},
    ]);
  });

  test.each([['application/json;as=Lump;v=v1;g=meta.k8s.io'], ['application/json;as=Table;v=v9;g=meta.k8s.io'], ['application/json;as=Table;v=v1;g=other']])(
    '%s is 406 with what there is',
    async (accept) => {
      for (const [method, url, body] of [
        ['GET', `${MAPS}/a`],
        ['GET', MAPS],
        ['POST', MAPS, configMap('never')],
        ['DELETE', `${MAPS}/a`],
      ] as const) {
        const { status, json } = await server().request(method, url, body, { accept });
        expect([status, json.reason, json.code]).toEqual([406, 'NotAcceptable', 406]);
        expect(json.message).toBe('only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf');
      }
      expect((await get(`${MAPS}/never`, '*/*')).status).toBe(404);
    },
  );

  test('watches come in JSON and protobuf, not in YAML', async () => {
    const { status, text } = await get(`${MAPS}?watch=true`, 'application/yaml');
    expect(status).toBe(406);
    expect(text).toContain('only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch');
    const stream = await server().watch(`${MAPS}?watch=true`, { accept: 'application/json;stream=watch' });
    await stream.until(1);
    stream.close();
  });

  test('what is made of nothing stored has no table', async () => {
    const { status } = await server().request(
      'POST',
      `${MAPS.replace('configmaps', 'pods')}/p/binding`,
      { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { name: 'n' } },
      { accept: TABLE },
    );
    expect(status).toBe(406);
  });
});

describe('Content-Type', () => {
  test.each([['text/plain'], ['application/cbor'], ['application/xml'], ['application/x-www-form-urlencoded'], ['application/apply-patch+yaml']])('%s is 415', async (type) => {
    for (const [method, url] of [
      ['POST', MAPS],
      ['PUT', `${MAPS}/a`],
    ] as const) {
      const { status, json } = await server().request(method, url, configMap('b'), { 'content-type': type });
      expect([status, json.reason]).toEqual([415, 'UnsupportedMediaType']);
      expect(json.message).toBe(
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      );
    }
  });

  test('JSON with parameters, YAML, and nothing said', async () => {
    for (const [name, type, body] of [
      ['json', 'application/json; charset=utf-8', JSON.stringify(configMap('json'))],
      ['yaml', 'application/yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  on: "yes"\n'],
      ['nothing', '', JSON.stringify(configMap('nothing'))],
    ] as const) {
      const { status, json } = await server().request('POST', MAPS, body, { 'content-type': type });
      expect([status, json.metadata.name]).toEqual([201, name]);
    }
    expect((await server().request('POST', MAPS, 'not a thing')).json).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});

describe('forms of one object and of many', () => {
  test('a table names its columns; rows carry what was asked for', async () => {
    const { json, headers } = await get(MAPS, TABLE);
    expect(headers['content-type']).toBe('application/json');
    expect(json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: expect.any(String) } });
    expect(json.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Data', 'Age']);
    expect(Object.keys(json.columnDefinitions[0]).toSorted()).toEqual(['description', 'format', 'name', 'priority', 'type']);
    expect(json.rows[0].cells.slice(0, 2)).toEqual(['a', 1]);
    expect(json.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } });
    expect((await get(`${MAPS}?includeObject=Object`, TABLE)).json.rows[0].object).toMatchObject({ data: { k: 'v' } });
    expect((await get(`${MAPS}?includeObject=None`, TABLE)).json.rows[0].object).toBeNull();
    expect((await get(`${MAPS}?includeObject=Some`, TABLE)).status).toBe(400);
    const one = await get(`${MAPS}/a`, TABLE.replace('v=v1', 'v=v1beta1'));
    expect(one.json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1', rows: [{ object: { apiVersion: 'meta.k8s.io/v1beta1' } }] });
    const page = await get(`${MAPS}?limit=1`, TABLE);
    expect(page.json.metadata).toMatchObject({ continue: expect.any(String), remainingItemCount: expect.any(Number) });
  });

  test('every listed kind has a table whose cells are as many as its columns', async () => {
    for (const { group, version, plural, verbs } of builtInKinds().kinds()) {
      if (!verbs.includes('list')) continue;
      const { status, json } = await get(`${group === '' ? '/api' : `/apis/${group}`}/${version}/${plural}`, TABLE);
      expect([plural, status, json.kind]).toEqual([plural, 200, 'Table']);
      expect(json.columnDefinitions.length, plural).toBeGreaterThan(1);
      for (const { cells } of json.rows) expect(cells.length, plural).toBe(json.columnDefinitions.length);
    }
  });

  test('partial objects: one of one, a list of many, neither of the other', async () => {
    const one = await get(`${MAPS}/a`, PARTIAL);
    expect(one.json).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: expect.objectContaining({ name: 'a', labels: { x: 'y' } }) });
    const many = await get(MAPS, PARTIAL_LIST);
    expect(many.json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: expect.any(String) } });
    expect(many.json.items[0]).not.toHaveProperty('data');
    expect((await get(`${MAPS}/a`, PARTIAL_LIST)).status).toBe(406);
    expect((await get(MAPS, PARTIAL)).status).toBe(406);
    const patched = await server().request('PATCH', `${MAPS}/a`, { metadata: { labels: { z: '1' } } }, { accept: PARTIAL, 'content-type': 'application/merge-patch+json' });
    expect(patched.json.kind).toBe('PartialObjectMetadata');
    const binary = await get(MAPS, PARTIAL_LIST.replace('application/json', PROTOBUF));
    expect([binary.headers['content-type'], binary.bytes.subarray(0, 4).toString()]).toEqual([PROTOBUF, 'k8s\0']);
  });

  test('tables have no protobuf: the next form that the client takes is given', async () => {
    const binary = TABLE.replace('application/json', PROTOBUF);
    expect((await get(MAPS, `${binary},application/json`)).json.kind).toBe('ConfigMapList');
    expect((await get(MAPS, `${binary},${TABLE}`)).json.kind).toBe('Table');
    expect((await get(MAPS, binary)).status).toBe(406);
  });

  test('protobuf says the same as JSON, of objects, lists and errors', async () => {
    const decoded = decodeEnvelope((await get(`${MAPS}/a`, PROTOBUF)).bytes, schemaOf('io.k8s.api.core.v1.ConfigMap')!);
    const { json } = await get(`${MAPS}/a`, '*/*');
    expect(decoded).toMatchObject({ metadata: { name: 'a', resourceVersion: json.metadata.resourceVersion, uid: json.metadata.uid }, data: { k: 'v' } });
    const listed = decodeEnvelope((await get(`${MAPS}?limit=1`, PROTOBUF)).bytes, schemaOf('io.k8s.api.core.v1.ConfigMapList')!) as {
      items: unknown[];
      metadata: Record<string, unknown>;
    };
    expect([listed.items.length, typeof listed.metadata['continue']]).toEqual([1, 'string']);
    const missing = await get(`${MAPS}/gone`, PROTOBUF);
    expect([missing.status, missing.headers['content-type']]).toEqual([404, PROTOBUF]);
    expect(decodeEnvelope(missing.bytes, schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.Status')!)).toMatchObject({ reason: 'NotFound', code: 404 });
  });

  test('YAML says the same as JSON', async () => {
    const { text } = await get(`${MAPS}/a`, 'application/yaml');
    expect(text).toMatch(/^apiVersion: v1$/m);
    expect(text).toMatch(/^kind: ConfigMap$/m);
    expect(text).toMatch(/^ {2}name: a$/m);
  });
});

describe('how it is laid out', () => {
  test('pretty when asked for, or when a person looks', async () => {
    for (const [query, headers] of [
      ['?pretty=true', {}],
      ['?pretty=1', {}],
      ['', { 'user-agent': 'curl/8.0' }],
      ['', { 'user-agent': 'Mozilla/5.0 (X11)' }],
    ] as const) {
      for (const url of [`${MAPS}/a${query}`, `${MAPS}${query}`]) expect((await get(url, '*/*', headers)).text).toContain('\n  "kind"');
    }
    for (const [query, headers] of [
      ['?pretty=false', { 'user-agent': 'curl/8.0' }],
      ['', { 'user-agent': 'kubectl/v1.36' }],
    ] as const)
      expect((await get(`${MAPS}/a${query}`, '*/*', headers)).text).not.toContain('\n  "kind"');
    expect((await get(`${MAPS}/a`, 'application/json;pretty=1')).text).toContain('\n  "kind"');
  });

  test('large answers are packed for those who unpack', async () => {
    const path = mapsIn('large');
    for (const name of ['a', 'b']) await server().request('POST', path, configMap(name, {}, { text: 'x'.repeat(100_000) }));
    for (const accept of ['application/json', PROTOBUF, TABLE]) {
      const url = accept === TABLE ? `${path}?includeObject=Object` : path;
      const plain = await get(url, accept);
      const packed = await get(url, accept, { 'accept-encoding': 'gzip' });
      expect([plain.headers['content-encoding'], packed.headers['content-encoding'], packed.headers['vary']]).toEqual([undefined, 'gzip', 'Accept-Encoding']);
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    }
    expect((await get(`${path}/a`, '*/*', { 'accept-encoding': 'gzip' })).headers).not.toHaveProperty('content-encoding');
    expect((await get(path, '*/*', { 'accept-encoding': 'gzip;q=0' })).headers).not.toHaveProperty('content-encoding');
    expect((await get(path, '*/*', { 'accept-encoding': 'br, deflate' })).headers).not.toHaveProperty('content-encoding');
  });

  test('an object sent as protobuf is stored as the same one sent as JSON', async () => {
    await server().request('POST', '/api/v1/namespaces/binary/pods', pod('p'));
    const { bytes } = await get('/api/v1/namespaces/binary/pods/p', PROTOBUF);
    const { status, json } = await server().request('PUT', '/api/v1/namespaces/binary/pods/p', bytes, { 'content-type': PROTOBUF });
    const stored = await get('/api/v1/namespaces/binary/pods/p', '*/*');
    expect([status, json.metadata.resourceVersion]).toEqual([200, stored.json.metadata.resourceVersion]);
    expect(json).toEqual(stored.json);
    expect((await server().request('PUT', '/api/v1/namespaces/binary/pods/p', Buffer.from('k8s\0\xff\xff', 'latin1'), { 'content-type': PROTOBUF })).status).toBe(400);
    expect((await server().request('PUT', '/api/v1/namespaces/binary/pods/p', '{}', { 'content-type': PROTOBUF })).status).toBe(400);
  });
});
