/** What no client should send: each is answered with a Status that says what is wrong, and nothing is lost or changed by it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from 'node:net';
import type { ConfigMap } from '#kinds/generated/types.ts';
import { testCluster } from '../helpers/cluster.ts';
import { rawApi, type RawApi } from '../helpers/raw.ts';

const cluster = testCluster(0, ['--simulated-nodes', '1']);
let api: RawApi;
const MAPS = '/api/v1/namespaces/default/configmaps';
const JSON_TYPE = { 'content-type': 'application/json' };
const YAML_TYPE = { 'content-type': 'application/yaml' };
const PROTOBUF_TYPE = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const map = (name: string, more: object = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
  api = rawApi(cluster.kubeconfig);
  expect((await api.call('POST', MAPS, map('kept', { data: { a: '1' } }))).status).toBe(201);
}, 120_000);
afterAll(async () => {
  api?.close();
  await cluster.stop();
}, 60_000);

/** Still there, still as it was, and written to as ever. */
async function unharmed(): Promise<void> {
  expect((await api.call('GET', `${MAPS}/kept`)).json<ConfigMap>().data).toEqual({ a: '1' });
  expect((await api.call('PATCH', `${MAPS}/kept`, '{"metadata":{"labels":{"seen":"yes"}}}', { 'content-type': 'application/merge-patch+json' })).status).toBe(200);
}

/** title, method, path, body, headers, code, reason, message */
type Case = readonly [string, string, string, string | Uint8Array | undefined, Readonly<Record<string, string>>, number, string, RegExp];

const REPLICAS = JSON.stringify({ apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'x' }, spec: { replicas: 'three' } });
const DEEP = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
const FOREVER_YAML = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\ndata:\n  a: &a ["x","x","x","x","x","x","x","x","x","x"]\n${Array.from({ length: 9 }, (_, level) => {
  const [from, to] = ['abcdefghij'[level]!, 'abcdefghij'[level + 1]!];
  return `  ${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(',')}]\n`;
}).join('')}`;

const cases: readonly Case[] = [
  ['JSON that ends early', 'POST', MAPS, '{"apiVersion":"v1",', JSON_TYPE, 400, 'BadRequest', /json|JSON/],
  ['JSON with something behind it', 'POST', MAPS, `${map('x')} extra`, JSON_TYPE, 400, 'BadRequest', /json|JSON/],
  ['no object at all', 'POST', MAPS, '[1,2]', JSON_TYPE, 400, 'BadRequest', /./],
  ['no kind', 'POST', MAPS, '{"metadata":{"name":"x"},"data":7}', JSON_TYPE, 400, 'BadRequest', /./],
  ['an empty body', 'POST', MAPS, '', JSON_TYPE, 400, 'BadRequest', /./],
  ['bytes that are no text', 'POST', MAPS, Uint8Array.of(0xff, 0xfe, 0, 1, 2), JSON_TYPE, 400, 'BadRequest', /./],
  ['YAML that is none', 'POST', MAPS, 'apiVersion: v1\n  kind: [', YAML_TYPE, 400, 'BadRequest', /yaml|YAML/],
  ['YAML that unfolds to billions', 'POST', MAPS, FOREVER_YAML, YAML_TYPE, 400, 'BadRequest', /./],
  ['protobuf without its magic', 'POST', MAPS, Uint8Array.of(1, 2, 3, 4, 5), PROTOBUF_TYPE, 400, 'BadRequest', /./],
  ['protobuf that ends early', 'POST', MAPS, Uint8Array.of(0x6b, 0x38, 0x73, 0, 0x0a, 0x7f, 1), PROTOBUF_TYPE, 400, 'BadRequest', /./],
  ['a body of no known type', 'POST', MAPS, map('x'), { 'content-type': 'text/plain' }, 415, 'UnsupportedMediaType', /application\/json/],
  ['a patch of no known type', 'PATCH', `${MAPS}/kept`, '{}', JSON_TYPE, 415, 'UnsupportedMediaType', /Unsupported Media Type/],
  ['an answer of no known type', 'GET', MAPS, undefined, { accept: 'image/png' }, 406, 'NotAcceptable', /application\/json/],
  ['a field that is not known', 'POST', `${MAPS}?fieldValidation=Strict`, map('x', { dta: {} }), JSON_TYPE, 400, 'BadRequest', /strict decoding error: unknown field "dta"/],
  [
    'a field given twice',
    'POST',
    `${MAPS}?fieldValidation=Strict`,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","name":"y"}}',
    JSON_TYPE,
    400,
    'BadRequest',
    /duplicate field "metadata\.name"/,
  ],
  ['a text for a number', 'POST', '/api/v1/namespaces/default/replicationcontrollers', REPLICAS, JSON_TYPE, 400, 'BadRequest', /spec\.replicas/],
  ['a number for a text', 'POST', MAPS, map('x', { data: { a: 1 } }), JSON_TYPE, 400, 'BadRequest', /data/],
  ['nesting without end', 'POST', MAPS, DEEP, JSON_TYPE, 400, 'BadRequest', /./],
  ['a name against the rules', 'POST', MAPS, map('Not_A_Name'), JSON_TYPE, 422, 'Invalid', /metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain/],
  ['a name that is too long', 'POST', MAPS, map('a'.repeat(254)), JSON_TYPE, 422, 'Invalid', /must be no more than 253/],
  ['no name', 'POST', MAPS, map(''), JSON_TYPE, 422, 'Invalid', /name or generateName is required/],
  ['another kind than the path', 'POST', '/api/v1/namespaces/default/secrets', map('x'), JSON_TYPE, 400, 'BadRequest', /ConfigMap.*Secret|Secret.*ConfigMap/],
  ['another namespace than the path', 'POST', MAPS, map('x', { metadata: { name: 'x', namespace: 'other' } }), JSON_TYPE, 400, 'BadRequest', /namespace/],
  ['another name than the path', 'PUT', `${MAPS}/kept`, map('x'), JSON_TYPE, 400, 'BadRequest', /name/],
  ['a namespace that is not there', 'POST', '/api/v1/namespaces/nowhere/configmaps', map('x'), JSON_TYPE, 404, 'NotFound', /namespaces "nowhere" not found/],
  ['a name that is taken', 'POST', MAPS, map('kept'), JSON_TYPE, 409, 'AlreadyExists', /configmaps "kept" already exists/],
  ['an update of what is not there', 'PUT', `${MAPS}/nobody`, map('nobody'), JSON_TYPE, 404, 'NotFound', /configmaps "nobody" not found/],
  ['a stale resourceVersion', 'PUT', `${MAPS}/kept`, map('kept', { metadata: { name: 'kept', resourceVersion: '1' } }), JSON_TYPE, 409, 'Conflict', /the object has been modified/],
  ['a resourceVersion that is none', 'GET', `${MAPS}?resourceVersion=abc`, undefined, {}, 400, 'BadRequest', /./],
  ['a resourceVersion of the future', 'GET', `${MAPS}?resourceVersion=99999999&timeoutSeconds=1`, undefined, {}, 504, 'Timeout', /Too large resource version/],
  ['a continue token that is none', 'GET', `${MAPS}?limit=1&continue=garbage`, undefined, {}, 400, 'BadRequest', /continue/],
  ['a limit that is no number', 'GET', `${MAPS}?limit=many`, undefined, {}, 400, 'BadRequest', /./],
  ['a label selector that is none', 'GET', `${MAPS}?labelSelector=${encodeURIComponent('a in (')}`, undefined, {}, 400, 'BadRequest', /./],
  [
    'a field selector that is not served',
    'GET',
    `${MAPS}?fieldSelector=data.a%3D1`,
    undefined,
    {},
    400,
    'BadRequest',
    /"data\.a" is not a known field selector: only "metadata\.name", "metadata\.namespace"/,
  ],
  [
    'a JSON patch whose test fails',
    'PATCH',
    `${MAPS}/kept`,
    '[{"op":"test","path":"/data/a","value":"2"}]',
    { 'content-type': 'application/json-patch+json' },
    422,
    'Invalid',
    /./,
  ],
  ['a JSON patch that is none', 'PATCH', `${MAPS}/kept`, '{"op":"add"}', { 'content-type': 'application/json-patch+json' }, 400, 'BadRequest', /./],
  [
    'a JSON patch without end',
    'PATCH',
    `${MAPS}/kept`,
    JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/data/a', value: '1' }))),
    { 'content-type': 'application/json-patch+json' },
    413,
    'RequestEntityTooLarge',
    /10000/,
  ],
  ['a verb that the path has not', 'POST', `${MAPS}/kept`, map('kept'), JSON_TYPE, 405, 'MethodNotAllowed', /does not allow this method on the requested resource/],
  ['a path that is badly escaped', 'GET', '/api/v1/namespaces/%zz/configmaps', undefined, {}, 400, 'BadRequest', /./],
  ['a path that climbs', 'GET', '/api/v1/namespaces/..%2f..%2fetc/configmaps/x', undefined, {}, 404, 'NotFound', /./],
];

describe('a request with', () => {
  test.each(cases)('%s', async (_title, method, path, body, headers, code, reason, message) => {
    const answer = await api.call(method, path, body, headers);
    expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^${code} `));
    if (code < 400) return;
    const status = answer.json();
    expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
    expect(status.message).toMatch(message);
    await unharmed();
  });

  test.each([
    ['a length', { 'content-length': String(3 * 1024 * 1024 + 1) }],
    ['pieces', { 'transfer-encoding': 'chunked' }],
  ] as const)('more than 3 MiB, sent with %s', async (_title, headers) => {
    const large = Buffer.alloc(3 * 1024 * 1024 + 1, 0x20);
    const answer = await api.call('POST', MAPS, large, { ...JSON_TYPE, ...headers });
    expect(answer.json()).toMatchObject({ kind: 'Status', code: 413, reason: 'RequestEntityTooLarge', message: expect.stringContaining('limit is 3145728') });
    await unharmed();
  });

  test('just under 3 MiB, and an object of more than etcd takes', async () => {
    // Kubernetes' own rule for config maps comes first: a megabyte of data
    const answer = await api.call('POST', MAPS, map('large', { data: { a: 'x'.repeat(3 * 1024 * 1024 - 200) } }));
    expect(answer.json()).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringContaining('Too long: may not be more than 1048576 bytes') });
    expect((await api.call('POST', MAPS, map('most', { data: { a: 'x'.repeat(1024 * 1024 - 1) } }))).status).toBe(201);
    expect((await api.call('GET', `${MAPS}/most`)).json<ConfigMap>().data?.['a']).toHaveLength(1024 * 1024 - 1);
    await unharmed();
  });

  test('names that JavaScript gives a meaning are data like any other', async () => {
    const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"data":{"__proto__":"a","constructor":"b","toString":"c"}}';
    const made = await api.call('POST', MAPS, body);
    // a key of a config map may not begin and end as __proto__ does? it may: letters, digits, '-', '_' and '.'
    expect(made.status).toBe(201);
    expect((await api.call('GET', `${MAPS}/odd`)).text).toContain('"data":{"__proto__":"a","constructor":"b","toString":"c"}');
    expect((await api.call('DELETE', `${MAPS}/odd`)).status).toBe(200);
    await unharmed();
  });

  test('a path that is not there, as upstream without a Status', async () => {
    expect(await api.call('GET', '/apis/nothing.example.com/v1/things')).toMatchObject({ status: 404, text: '404 page not found\n' });
  });

  test('a token that is none, or none at all', async () => {
    const stranger = rawApi(cluster.kubeconfig, { anonymous: true });
    try {
      expect((await stranger.call('GET', MAPS, undefined, { authorization: 'Bearer nonsense' })).json()).toMatchObject({
        code: 401,
        reason: 'Unauthorized',
        message: 'Unauthorized',
      });
      expect((await stranger.call('GET', MAPS)).json()).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message: 'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
      });
      expect((await stranger.call('GET', '/livez')).text).toBe('ok');
    } finally {
      stranger.close();
    }
  });

  test('a watch from before what is kept, or from what is no version', async () => {
    const bad = await api.call('GET', `${MAPS}?watch=true&resourceVersion=abc`);
    expect(bad.json()).toMatchObject({ code: 400, reason: 'BadRequest' });
    const never = await api.call('GET', `${MAPS}?watch=true&timeoutSeconds=many`);
    expect(never.status).toBe(400);
  });
});

describe('a connection', () => {
  test('that is closed by half in the middle of a body is dropped, and the object is not made', async () => {
    const socket = await api.socket({ allowHalfOpen: true });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const body = map('half');
    socket.write(`POST ${MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -5)}`);
    socket.end();
    socket.resume();
    await ended;
    expect((await api.call('GET', `${MAPS}/half`)).status).toBe(404);
    await unharmed();
  });

  test('that is closed by half after its request is answered all the same or dropped; the write is whole', async () => {
    const socket = await api.socket({ allowHalfOpen: true });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const body = map('whole', { data: { a: '1' } });
    socket.end(`POST ${MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    socket.resume();
    await ended;
    const found = await api.call('GET', `${MAPS}/whole`);
    if (found.status === 200) expect(found.json<ConfigMap>().data).toEqual({ a: '1' });
    else expect(found.status).toBe(404);
    await unharmed();
  });

  test('that speaks no HTTP is told so and closed', async () => {
    const socket = await api.socket();
    let text = '';
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (part: Buffer) => (text += part.toString()));
    socket.write('this is no request\r\n\r\n');
    await ended;
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    await unharmed();
  });

  test('whose head is endless is refused', async () => {
    const socket = await api.socket();
    let text = '';
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (part: Buffer) => (text += part.toString()));
    socket.write(`GET ${MAPS} HTTP/1.1\r\nHost: x\r\n`);
    socket.write(`X-Long: ${'x'.repeat(2 * 1024 * 1024)}\r\n\r\n`);
    await ended;
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    await unharmed();
  });
});

describe('a start', () => {
  test('on a port that is in use says so and leaves nothing running', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port)));
    const other = testCluster(0, ['--simulated-nodes', '1', '--port', String(port)]);
    try {
      const started = await other.start();
      expect(started.code).toBe(1);
      expect(started.stderr).toContain(`port ${port} is in use: free it or give another one with --port`);
    } finally {
      holder.close();
      await other.stop();
    }
  });

  test.each([
    [['--nodes', 'many'], '--nodes takes a number from 0 to 100, not "many"'],
    [['--port', '99999'], '--port takes a number from 0 to 65535'],
    [['--name', 'No Name'], '--name takes up to 30 lower case letters, digits and hyphens, not "No Name"'],
    [['--sideways'], "Unknown option '--sideways'"],
  ])('with %j says what is wrong', async (options, message) => {
    const other = testCluster(0);
    const started = await other.start(options);
    expect(started.code).toBe(1);
    expect(started.stderr).toContain(message);
    await other.stop();
  });
});
