import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addZeros, decodeJson, decodeValue, decodeYaml, parseBody, undecodable } from './decode.ts';
import { countKeys, parseExactly, parseJson } from './json-text.ts';
import { boolean, field, int32, listOf, mapOf, pod, string, struct } from './testing/types.ts';
import { parseYaml } from './yaml-text.ts';

const read = (text: string, findings = true) => decodeJson(text, { schema: pod, findings });

describe('what strict decoding tells', () => {
  test.each([
    ['{"kind":"Pod","spec":{"foo":1}}', ['unknown field "spec.foo"']],
    ['{"spec":{"containers":[{"name":"a"},{"nam":"b","Image":"c"}]}}', ['unknown field "spec.containers[1].nam"', 'unknown field "spec.containers[1].Image"']],
    ['{"spec":{"restartPolicy":"a","restartPolicy":"b"}}', ['duplicate field "spec.restartPolicy"']],
    ['{"foo":1,"spec":{"restartPolicy":"a","bar":{"x":[1]},"restartPolicy":"b"}}', ['unknown field "foo"', 'unknown field "spec.bar"', 'duplicate field "spec.restartPolicy"']],
    ['{"metadata":{"labels":{"a":"1","a":"2"}}}', ['duplicate field "metadata.labels.a"']],
    ['{"raw":{"a":1,"a":2}}', []],
    ['{"nope":{"a":1,"a":2}}', ['unknown field "nope"']],
    ['{"metadata":{"annotations":{"x":"{\\"a\\":1,\\"a\\":2, \\\\\\":"}}}', []],
    ['{"a":1,"a":2}', ['unknown field "a"']],
    ['{ "kind" :\n"Pod" , "kind"\t: "Pod"}', ['duplicate field "kind"']],
  ])('%s', (text, wanted) => {
    expect(read(text).findings).toEqual(wanted);
    expect(read(text, false).findings).toEqual([]);
  });
  test('at most 100 are told', () => {
    const text = `{${Array.from({ length: 300 }, (_, at) => `"x${at}":1`).join(',')}}`;
    expect(read(text).findings).toHaveLength(100);
  });
});

test('unknown fields are dropped, nulls mean absence, quantities and times become canonical', () => {
  const text = JSON.stringify({
    metadata: { creationTimestamp: null, labels: { a: null, b: 'c' }, foo: 1 },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: '0.5', memory: '1024Mi', x: 2, y: null } }, command: ['a', null] }], nodeSelector: null },
    raw: { keep: null, any: [1] },
    renewTime: '2026-01-02T03:04:05.123456+01:00',
  });
  expect(read(text).object).toEqual({
    metadata: { labels: { a: '', b: 'c' } },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi', x: '2', y: '0' } }, command: ['a', ''] }] },
    raw: { keep: null, any: [1] },
    renewTime: '2026-01-02T02:04:05.123456Z',
  });
  expect(read('{"metadata":{"creationTimestamp":"2024-02-29T23:59:59.9+00:00"}}').object).toEqual({ metadata: { creationTimestamp: '2024-02-29T23:59:59Z' } });
});

test.each([
  ['{"spec":{"replicas":"1"}}', 'json: cannot unmarshal string into Go struct field PodSpec.spec.replicas of type int32'],
  ['{"spec":{"replicas":1.5}}', 'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.replicas of type int32'],
  ['{"spec":{"replicas":3000000000}}', 'json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.replicas of type int32'],
  ['{"spec":[]}', 'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
  ['{"spec":{"containers":{}}}', 'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container'],
  ['{"spec":{"containers":[{"name":true}]}}', 'json: cannot unmarshal bool into Go struct field Container.spec.containers.name of type string'],
  ['{"metadata":{"labels":{"a":1}}}', 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string'],
  ['{"spec":{"port":true}}', 'json: cannot unmarshal bool into Go struct field PodSpec.spec.port of type int32'],
  ['{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['{"metadata":{"creationTimestamp":"now"}}', 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
  ['{"metadata":{"creationTimestamp":"2026-02-30T00:00:00Z"}}', 'parsing time "2026-02-30T00:00:00Z": day out of range'],
  ['{"metadata":{"creationTimestamp":"2026-01-30T00:00:00"}}', 'parsing time "2026-01-30T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
  ['{"data":{"a":"!"}}', 'illegal base64 data at input byte 0'],
  ['{"spec":', "couldn't get version/kind; json parse error: unexpected end of JSON input"],
  ['{"spec" 1}', "couldn't get version/kind; json parse error: invalid character '1' after object key"],
  ['{"spec":tru}', "couldn't get version/kind; json parse error: invalid character '}' in literal true (expecting 'e')"],
  ['{} x', "couldn't get version/kind; json parse error: invalid character 'x' after top-level value"],
  ["{'a':1}", "couldn't get version/kind; json parse error: invalid character '\\'' looking for beginning of object key string"],
  [
    '[1]',
    'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  ],
  ['{"kind":1}', "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string"],
])('%s is refused', (text, message) => expect(() => read(text)).toThrow(message));

test('integers beyond 2^53 survive, in typed and untyped places, and in text made of them', () => {
  const text = '{"spec":{"terminationGracePeriodSeconds":9007199254740993},"raw":{"a":[-9223372036854775808,1e30,9223372036854775808]}}';
  const { object } = read(text);
  expect(object['spec']).toEqual({ terminationGracePeriodSeconds: 9007199254740993n });
  expect(JSON.stringify(object)).toBe('{"spec":{"terminationGracePeriodSeconds":9007199254740993},"raw":{"a":[-9223372036854775808,1e+30,9223372036854776000]}}');
  expect(parseJson('{"a":9007199254740993}')).toEqual({ a: 9007199254740993n });
  expect(() => read('{"spec":{"terminationGracePeriodSeconds":92233720368547758080}}')).toThrow('cannot unmarshal number 92233720368547760000 into');
});

test('custom resources: types and nulls are left to their schema, unknown and repeated fields are not', () => {
  const decoded = decodeJson('{"spec":{"replicas":"x","nodeSelector":null,"foo":{"a":1,"a":1}},"raw":{"a":1,"a":2}}', { schema: pod, findings: true, unstructured: true });
  expect(decoded.object).toEqual({ spec: { replicas: 'x', nodeSelector: null }, raw: { a: 2 } });
  expect(decoded.findings).toEqual(['duplicate field "spec.foo.a"', 'duplicate field "raw.a"', 'unknown field "spec.foo"']);
});

test('a deep body is refused and does not exhaust the stack', () => {
  const deep = `{"raw":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
  expect(() => read(deep)).toThrow('exceeded max depth');
  expect(() => parseExactly(`${'{"a":'.repeat(50_000)}`)).toThrow('exceeded max depth');
});

test('labels named like parts of JavaScript are data', () => {
  const { object } = read('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}},"__proto__":{"a":1}}');
  expect(JSON.stringify(object)).toBe('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}');
  expect(JSON.stringify(parseExactly('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

test.each([
  [
    'a: yes\nb: 0777\nc: 1:30\nd: 2020-01-01\ne: ~\nf:\ng: "1"\nh: 1e3\ni: 0x1F\nj: on\nk: 1_000',
    { a: true, b: 511, c: '1:30', d: '2020-01-01', e: null, f: null, g: '1', h: 1000, i: 31, j: true, k: 1000 },
  ],
  ['1: a\ntrue: b', { 1: 'a', true: 'b' }],
  ['a: 9007199254740993', { a: 9007199254740993n }],
  ['base: &b {x: 1}\nuse:\n  <<: *b\n  z: 2', { base: { x: 1 }, use: { x: 1, z: 2 } }],
  ['---\na: 1\n---\nb: 2\n', { a: 1 }],
  ['# words\n---\na: |\n  x\n  y\n', { a: 'x\ny\n' }],
  ['', null],
  ['a: v1.30\nb: 1.10\nc: .5\nd: [~]\ne: 08', { a: 'v1.30', b: 1.1, c: 0.5, d: [null], e: 8 }],
])('YAML %#', (text, wanted) => {
  expect(parseYaml(text)).toEqual(wanted);
});

test('YAML bodies: JSON is read as JSON, repeated keys are told, what is none is refused', () => {
  expect(decodeYaml('{"spec":{"foo":1}}', { schema: pod, findings: true }).findings).toEqual(['unknown field "spec.foo"']);
  expect(decodeYaml('spec:\n  replicas: 1\n  replicas: 2\n', { schema: pod, findings: true })).toEqual({
    object: { spec: { replicas: 2 } },
    findings: ['yaml: unmarshal errors:\n  line 3: key "replicas" already set in map'],
  });
  expect(() => decodeYaml('a: [1', { schema: pod, findings: true })).toThrow('error converting YAML to JSON: yaml: line');
  const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdef'[at]}`).join(',')}]`).join('\n')}`;
  expect(() => parseYaml(laughs)).toThrow('error converting YAML');
  expect(parseBody('a: 1', true)).toEqual({ a: 1 });
});

test('what a client is told', () => {
  expect(undecodable(new Error('x'), { kind: 'Pod', version: 'v1' }, 'Pod', Buffer.from('{}')).status.message).toBe('Pod in version "v1" cannot be handled as a Pod: x');
  expect(undecodable(new Error('x'), undefined, 'Pod', Buffer.from('{"a": 1}')).status.message).toBe('the object provided is unrecognized (must be of type Pod): x ({"a": 1})');
});

test('decoding again changes nothing', () => {
  const { object } = read('{"metadata":{"name":"a"},"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"1000m"}}}]}}');
  const copy = structuredClone(object);
  expect(decodeValue(object, { schema: pod, findings: true })).toEqual({ object: copy, findings: [] });
});

test('the exact parser reads what JSON.parse reads, and every key is counted', () => {
  const keys = (value: unknown): number =>
    typeof value !== 'object' || value === null
      ? 0
      : Array.isArray(value)
        ? value.reduce<number>((sum, item) => sum + keys(item), 0)
        : Object.entries(value).reduce((sum, [, item]) => sum + 1 + keys(item), 0);
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 0, max: 2 }), (text, indent) => {
      const value: unknown = JSON.parse(text);
      const again = JSON.stringify(value, null, indent);
      expect(JSON.stringify(parseExactly(again))).toBe(JSON.stringify(value));
      expect(countKeys(again)).toBe(keys(value));
    }),
    { numRuns: 200 },
  );
});

describe('Go writes objects its way', () => {
  const status = struct('Status', field('ready', boolean, { always: true }), field('message', string, { always: true }), field('phase', string));
  const type = struct(
    'Thing',
    field('name', string),
    field('replicas', int32, { pointer: true }),
    field('count', int32),
    field('host', boolean),
    field('labels', mapOf(string)),
    field('items', listOf(string)),
    field('rules', listOf(string), { always: true }),
    field('selector', struct('Selector', field('a', string))),
    field('status', status, { always: true }),
    field('several', listOf(status)),
  );
  test('zeros that it leaves out are dropped, structs by value are there', () => {
    const text = '{"name":"","replicas":0,"count":0,"host":false,"labels":{},"items":[],"rules":[],"selector":{},"several":[{"phase":""}]}';
    const { object } = decodeJson(text, { schema: type, findings: true });
    expect(object).toEqual({ replicas: 0, rules: [], selector: {}, status: {}, several: [{}] });
    addZeros(object, type);
    expect(object).toEqual({ replicas: 0, rules: [], selector: {}, status: { ready: false, message: '' }, several: [{ ready: false, message: '' }] });
  });
});
