/** PATCH in its forms: what each means, what is refused, and how. */
import { describe, expect, test } from 'vitest';
import { configMap, contractServer, deployment, mapsIn, pod } from './support.ts';

const server = contractServer();
const TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
type Type = keyof typeof TYPES;
const patch = (path: string, type: Type, body: unknown) => server().request('PATCH', path, body, { 'content-type': TYPES[type] });

describe('content types', () => {
  test.each([['application/json'], ['text/plain'], ['application/apply-patch+cbor'], ['application/vnd.kubernetes.protobuf']])('%s is 415 before anybody looks', async (type) => {
    await server().request('POST', mapsIn('types'), configMap('a'));
    const { status, json } = await server().request('PATCH', `${mapsIn('types')}/a`, {}, { 'content-type': type });
    expect([status, json.reason]).toEqual([415, 'UnsupportedMediaType']);
    expect(json.message).toBe('415: Unsupported Media Type');
  });

  test('parameters of a type do not matter', async () => {
    await server().request('POST', mapsIn('types'), configMap('b'));
    expect((await server().request('PATCH', `${mapsIn('types')}/b`, { data: { x: '1' } }, { 'content-type': 'application/merge-patch+json; charset=utf-8' })).status).toBe(200);
  });
});

describe('JSON patch', () => {
  const path = mapsIn('json-patch');
  test.each([
    [
      'add and replace',
      [
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'replace', path: '/data/a', value: '0' },
      ],
      { a: '0', b: '2' },
    ],
    ['remove', [{ op: 'remove', path: '/data/a' }], undefined],
    ['move', [{ op: 'move', from: '/data/a', path: '/data/c' }], { c: '1' }],
    ['copy', [{ op: 'copy', from: '/data/a', path: '/data/c' }], { a: '1', c: '1' }],
    [
      'test that holds',
      [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'add', path: '/data/b', value: '2' },
      ],
      { a: '1', b: '2' },
    ],
    [
      'escapes',
      [
        { op: 'add', path: '/metadata/annotations', value: { 'a/b~c': 'x' } },
        { op: 'remove', path: '/metadata/annotations/a~1b~0c' },
      ],
      { a: '1' },
    ],
  ])('%s', async (title, body, data) => {
    const name = title.replaceAll(' ', '-').toLowerCase();
    await server().request('POST', path, configMap(name, {}, { a: '1' }));
    const { status, json, text } = await patch(`${path}/${name}`, 'json', body);
    expect(status, text).toBe(200);
    expect(json.data).toEqual(data);
  });

  test.each([
    ['a test that fails', [{ op: 'test', path: '/data/a', value: 'no' }], 422, 'Invalid'],
    ['what is not there', [{ op: 'remove', path: '/data/zzz' }], 422, 'Invalid'],
    ['an unknown operation', [{ op: 'swap', path: '/data/a' }], 422, 'Invalid'],
    ['no list', { op: 'remove', path: '/data/a' }, 400, 'BadRequest'],
    ['no JSON', '[{', 400, 'BadRequest'],
    ['more than 10,000 operations', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })), 413, 'RequestEntityTooLarge'],
  ])('refused: %s', async (_, body, code, reason) => {
    await server().request('POST', path, configMap('refused', {}, { a: '1' }));
    const { status, json } = await patch(`${path}/refused`, 'json', body);
    expect([status, json.reason]).toEqual([code, reason]);
  });
});

describe('merge patch and strategic merge patch', () => {
  test.each<[string, Type, object, object]>([
    ['null deletes', 'merge', { metadata: { labels: { a: null, b: '2' } } }, { labels: { b: '2' } }],
    ['null deletes strategically', 'strategic', { metadata: { labels: { a: null, b: '2' } } }, { labels: { b: '2' } }],
    ['$patch: replace', 'strategic', { metadata: { labels: { $patch: 'replace', c: '3' } } }, { labels: { c: '3' } }],
    ['$retainKeys of nothing', 'strategic', { metadata: { finalizers: ['example.com/a'] } }, { finalizers: ['example.com/a'] }],
  ])('%s', async (title, type, body, metadata) => {
    const name = title.replaceAll(/[^a-z]/gi, '').toLowerCase();
    await server().request('POST', mapsIn('merge'), configMap(name, { a: '1' }));
    const { status, json, text } = await patch(`${mapsIn('merge')}/${name}`, type, body);
    expect(status, text).toBe(200);
    expect(json.metadata).toMatchObject(metadata);
    expect(json.metadata.labels ?? {}).toEqual((metadata as { labels?: object }).labels ?? { a: '1' });
  });

  const containers = async (name: string, type: Type, spec: object): Promise<{ name: string; image: string }[]> => {
    const path = '/apis/apps/v1/namespaces/strategic/deployments';
    const two = deployment(name);
    two.spec.template.spec.containers.push({ name: 'd', image: 'example/other:1' });
    await server().request('POST', path, two);
    const { status, json, text } = await patch(`${path}/${name}`, type, { spec: { template: { spec } } });
    expect(status, text).toBe(200);
    return json.spec.template.spec.containers.map(({ name: one, image }: { name: string; image: string }) => ({ name: one, image }));
  };
  test('lists with a key are merged by it, deleted from, put in order, or replaced', async () => {
    expect(await containers('by-key', 'strategic', { containers: [{ name: 'd', image: 'example/other:2' }] })).toEqual(
      [
        { name: 'd', image: 'example/other:2' },
        { name: 'c', image: 'example/app:1' },
      ].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(await containers('deleted', 'strategic', { containers: [{ name: 'c', $patch: 'delete' }] })).toEqual([{ name: 'd', image: 'example/other:1' }]);
    expect(
      (await containers('ordered', 'strategic', { '$setElementOrder/containers': [{ name: 'd' }, { name: 'c' }], containers: [{ name: 'c', image: 'x:2' }] })).map(
        ({ name }) => name,
      ),
    ).toEqual(['d', 'c']);
    expect(await containers('replaced', 'strategic', { containers: [{ $patch: 'replace' }, { name: 'e', image: 'x:3' }] })).toEqual([{ name: 'e', image: 'x:3' }]);
    expect(await containers('whole', 'merge', { containers: [{ name: 'e', image: 'x:3' }] })).toEqual([{ name: 'e', image: 'x:3' }]);
  });

  test('$deleteFromPrimitiveList and $retainKeys', async () => {
    const path = mapsIn('primitive');
    await server().request('POST', path, { ...configMap('a'), metadata: { name: 'a', finalizers: ['example.com/a', 'example.com/b'] } });
    const { json } = await patch(`${path}/a`, 'strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } });
    expect(json.metadata.finalizers).toEqual(['example.com/b']);
    const deployments = '/apis/apps/v1/namespaces/primitive/deployments';
    await server().request('POST', deployments, deployment('web'));
    const recreated = await patch(`${deployments}/web`, 'strategic', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
    expect(recreated.json.spec.strategy).toEqual({ type: 'Recreate' });
  });
});

describe('every form', () => {
  test.each<[Type, unknown]>([
    ['json', [{ op: 'add', path: '/data', value: {} }]],
    ['merge', {}],
    ['strategic', {}],
    ['merge', { data: { a: '1' } }],
  ])('%s that changes nothing keeps the resourceVersion and tells no watcher', async (type, body) => {
    const path = mapsIn('no-op');
    const name = `n${Math.abs(JSON.stringify(body).length)}${type}`;
    const made = await server().request('POST', path, configMap(name, {}, JSON.stringify(body).includes('"a"') ? { a: '1' } : {}));
    const { status, json } = await patch(`${path}/${name}`, type, body);
    expect([status, json.metadata.resourceVersion]).toEqual([200, made.json.metadata.resourceVersion]);
  });

  test.each<[Type, (rv: string) => unknown]>([
    [
      'json',
      (rv) => [
        { op: 'replace', path: '/metadata/resourceVersion', value: rv },
        { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
      ],
    ],
    ['merge', (rv) => ({ metadata: { resourceVersion: rv, labels: { x: 'y' } } })],
    ['strategic', (rv) => ({ metadata: { resourceVersion: rv, labels: { x: 'y' } } })],
  ])('%s with a resourceVersion insists on it', async (type, body) => {
    const path = mapsIn('insist');
    const made = await server().request('POST', path, configMap(`m-${type}`));
    const refused = await patch(`${path}/m-${type}`, type, body('1'));
    expect([refused.status, refused.json.reason]).toEqual([409, 'Conflict']);
    expect(refused.json.message).toBe(
      `Operation cannot be fulfilled on configmaps "m-${type}": the object has been modified; please apply your changes to the latest version and try again`,
    );
    expect((await patch(`${path}/m-${type}`, type, body(made.json.metadata.resourceVersion as string))).status).toBe(200);
  });

  test('a missing object is 404, whatever the patch; apply creates it', async () => {
    for (const type of ['merge', 'strategic', 'json'] as const) expect((await patch(`${mapsIn('missing')}/gone`, type, type === 'json' ? [] : {})).status).toBe(404);
    const path = `${mapsIn('missing')}/gone?fieldManager=me`;
    expect((await patch(path, 'apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gone' } })).status).toBe(201);
  });

  test('concurrent patches without a resourceVersion all land', async () => {
    const path = mapsIn('concurrent');
    await server().request('POST', path, configMap('a'));
    const answers = await Promise.all(Array.from({ length: 5 }, (_, at) => patch(`${path}/a`, 'merge', { data: { [`k${at}`]: 'v' } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(Object.keys((await server().request('GET', `${path}/a`)).json.data)).toHaveLength(5);
  });

  test.each<[string, string, (field: string) => string]>([
    ['Strict', 'fieldValidation=Strict', (field) => `strict decoding error: unknown field "spec.${field}"`],
    ['Warn', 'fieldValidation=Warn', (field) => `299 - "unknown field \\"spec.${field}\\""`],
    ['Warn by default', '', (field) => `299 - "unknown field \\"spec.${field}\\""`],
    ['Ignore', 'fieldValidation=Ignore', () => ''],
  ])('unknown fields that a patch brings: %s', async (title, query, said) => {
    const path = '/api/v1/namespaces/unknown-fields/pods';
    await server().request('POST', path, pod('p'));
    for (const type of ['merge', 'strategic'] as const) {
      const { status, json, headers } = await patch(`${path}/p?${query}`, type, { spec: { surprise: 1 } });
      if (title === 'Strict') expect([status, json.reason, json.message]).toEqual([400, 'BadRequest', expect.stringContaining(said('surprise'))]);
      else {
        expect(status).toBe(200);
        expect(headers['warning'] ?? []).toEqual(said('surprise') === '' ? [] : [said('surprise')]);
      }
    }
  });

  test('force belongs to apply', async () => {
    await server().request('POST', mapsIn('force'), configMap('a'));
    const { status, json } = await patch(`${mapsIn('force')}/a?force=true`, 'merge', {});
    expect([status, json.message]).toEqual([422, 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch']);
  });

  test('integers beyond 2^53 survive every way in and out', async () => {
    const path = '/api/v1/namespaces/int64/pods';
    const big = '9007199254740993';
    const toleration = `{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":${big}}`;
    const text = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME"},"spec":{"containers":[{"name":"c","image":"x"}],"tolerations":[${toleration}]}}`;
    const holds = async (name: string, accept?: string): Promise<void> => {
      for (const url of [`${path}/${name}`, `${path}?fieldSelector=metadata.name%3D${name}`]) {
        const answer = await server().request('GET', url, undefined, accept === undefined ? {} : { accept });
        expect(answer.text, `${url} ${accept ?? ''}`).toMatch(new RegExp(`tolerationSeconds"?: ?${big}`));
      }
    };
    expect((await server().request('POST', path, text.replace('NAME', 'json'))).text).toContain(big);
    await holds('json');
    await holds('json', 'application/yaml');
    await holds('json', 'application/json;pretty=1');
    expect((await server().request('GET', `${path}/json?pretty=true`)).text).toContain(big);
    const yaml = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: yaml\nspec:\n  containers: [{name: c, image: x}]\n  tolerations:\n  - {key: k, operator: Exists, effect: NoExecute, tolerationSeconds: ${big}}\n`;
    expect((await server().request('POST', path, yaml, { 'content-type': 'application/yaml' })).status).toBe(201);
    await holds('yaml');
    const binary = (await server().request('GET', `${path}/json`, undefined, { accept: 'application/vnd.kubernetes.protobuf' })).bytes;
    await server().request('DELETE', `${path}/json?gracePeriodSeconds=0`);
    // what a client sends back has no resourceVersion when it is made anew; here the put of a copy says the same
    const sent = await server().request(
      'PUT',
      `${path}/yaml`,
      (await server().request('GET', `${path}/yaml`, undefined, { accept: 'application/vnd.kubernetes.protobuf' })).bytes,
      {
        'content-type': 'application/vnd.kubernetes.protobuf',
      },
    );
    expect([sent.status, sent.text.includes(big)]).toEqual([200, true]);
    expect(binary.length).toBeGreaterThan(0);
    const patches: [Type, string][] = [
      ['merge', `{"spec":{"tolerations":[${toleration}]}}`],
      ['strategic', `{"spec":{"tolerations":[${toleration}]}}`],
      ['json', `[{"op":"add","path":"/spec/tolerations","value":[${toleration}]}]`],
      ['apply', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"apply"},"spec":{"containers":[{"name":"c","image":"x"}],"tolerations":[${toleration}]}}`],
    ];
    for (const [type, body] of patches) {
      if (type !== 'apply') await server().request('POST', path, pod(type));
      const answer = await patch(`${path}/${type}?fieldManager=me`, type, body);
      expect([type, answer.status]).toEqual([type, type === 'apply' ? 201 : 200]);
      expect(answer.text).toContain(big);
      await holds(type);
    }
    const same = await patch(`${path}/merge`, 'merge', patches[0]![1]);
    expect(same.json.metadata.resourceVersion).toBe((await server().request('GET', `${path}/merge`)).json.metadata.resourceVersion);
  });
});

describe('patches that make of an object what it cannot be', () => {
  test.each([
    ['another kind', { kind: 'Other' }, 422, 'Invalid', /^ "" is invalid: patch: Invalid value: .*: no kind "Other" is registered for version "v1"/],
    [
      'a wrong type',
      { data: { a: 1 } },
      422,
      'Invalid',
      /^ "" is invalid: patch: Invalid value: .*: json: cannot unmarshal number into Go struct field ConfigMap.data of type string$/,
    ],
    ['no name', { metadata: { name: null } }, 400, 'BadRequest', /^the name of the object \(a based on URL\) was undeterminable: name must be provided$/],
    ['another name', { metadata: { name: 'b' } }, 400, 'BadRequest', /^the name of the object \(b\) does not match the name on the URL \(a\)$/],
    ['a list', [], 400, 'BadRequest', /^error decoding patch: json: cannot unmarshal array into Go value of type map\[string\]interface \{\}$/],
  ])('%s', async (_, body, code, reason, message) => {
    await server().request('POST', mapsIn('unfit'), configMap('a'));
    const { status, json } = await server().request('PATCH', `${mapsIn('unfit')}/a`, body, { 'content-type': 'application/merge-patch+json' });
    expect([status, json.reason]).toEqual([code, reason]);
    expect(json.message).toMatch(message);
  });

  test('a PUT is the object of its URL, before anybody looks whether that is there', async () => {
    const { status, json } = await server().request('PUT', `${mapsIn('unfit')}/none`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} });
    expect([status, json.message]).toEqual([400, 'the name of the object (none based on URL) was undeterminable: name must be provided']);
  });
});
