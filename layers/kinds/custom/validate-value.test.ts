import { describe, expect, it } from 'vitest';
import { causeText } from '#machinery/status.ts';
import { FORMATS } from './formats.ts';
import { compileSchema, type JsonSchema } from './json-schema.ts';
import { parseJsonPath, textOf } from './json-path.ts';
import { validateLists } from './list-types.ts';
import { applyDefaults } from './defaulting.ts';
import { validateValue } from './validate-value.ts';

const spec = (schema: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec: schema } });
const errors = (schema: JsonSchema, value: unknown, old?: unknown): string[] =>
  validateValue({ spec: value }, compileSchema(spec(schema)), old === undefined ? undefined : { old: { spec: old } }).map(causeText);

describe('a value against its schema', () => {
  it.each<[JsonSchema, unknown, string[]]>([
    [{ type: 'integer' }, 1, []],
    [{ type: 'integer' }, 1.5, ['spec: Invalid value: "number": spec in body must be of type integer: "number"']],
    [{ type: 'integer', format: 'int64' }, 1.5, ['spec: Invalid value: "double": spec in body must be of type int64: "double"']],
    [{ type: 'integer' }, 9_007_199_254_740_993n, []],
    [{ type: 'number' }, 1, []],
    [{ type: 'string' }, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    [{ type: 'string', nullable: true }, null, []],
    [{ 'x-kubernetes-int-or-string': true }, '1', []],
    [{ 'x-kubernetes-int-or-string': true }, true, ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"']],
    [{ type: 'object', required: ['a'] }, {}, ['spec.a: Required value']],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', ['spec: Unsupported value: "c": supported values: "a", "b"']],
    [{ type: 'integer', enum: [1, 2] }, 3, ['spec: Unsupported value: 3: supported values: "1", "2"']],
    [{ type: 'integer', minimum: 2 }, 1, ['spec: Invalid value: 1: spec in body should be greater than or equal to 2']],
    [{ type: 'integer', minimum: 2, exclusiveMinimum: true }, 2, ['spec: Invalid value: 2: spec in body should be greater than 2']],
    [{ type: 'integer', maximum: 2 }, 3, ['spec: Invalid value: 3: spec in body should be less than or equal to 2']],
    [{ type: 'integer', multipleOf: 5 }, 12, ['spec: Invalid value: 12: spec in body should be a multiple of 5']],
    [{ type: 'string', maxLength: 2 }, 'abc', ['spec: Too long: may not be more than 2 bytes']],
    [{ type: 'string', maxLength: 1 }, '😀', []],
    [{ type: 'string', minLength: 2 }, 'a', ['spec: Invalid value: "a": spec in body should be at least 2 chars long']],
    [{ type: 'string', pattern: '^a+$' }, 'b', ['spec: Invalid value: "b": spec in body should match \'^a+$\'']],
    [{ type: 'string', format: 'date-time' }, 'now', ['spec: Invalid value: "now": spec in body must be of type date-time: "now"']],
    [{ type: 'string', format: 'nothing-known' }, 'x', []],
    [{ type: 'array', maxItems: 1, items: { type: 'integer' } }, [1, 2], ['spec: Too many: 2: must have at most 1 item']],
    [{ type: 'array', minItems: 1, items: { type: 'integer' } }, [], ['spec: Invalid value: 0: spec in body should have at least 1 items']],
    [{ type: 'array', items: { type: 'integer' } }, [1, 'x'], ['spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string"']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, { 'a.b': 'x' }, ['spec.a.b: Invalid value: "string": spec.a.b in body must be of type integer: "string"']],
    [{ type: 'object', maxProperties: 1, additionalProperties: { type: 'integer' } }, { a: 1, b: 2 }, ['spec: Too many: 2: must have at most 1 item']],
    [
      { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] },
      3,
      ['<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)', 'spec: Invalid value: 3: spec in body should be greater than or equal to 5'],
    ],
    [
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      3,
      ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      { type: 'integer', allOf: [{ minimum: 5 }, { maximum: 9 }] },
      3,
      ['spec: Invalid value: 3: spec in body should be greater than or equal to 5', '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)'],
    ],
    [{ type: 'integer', not: { minimum: 1 } }, 3, ['<nil>: Invalid value: "": "spec" must not validate the schema (not)']],
  ])('%o of %o', (schema, value, wanted) => expect(errors(schema, value)).toEqual(wanted));

  it('may stay as wrong as it was, where old and new can be told to be the same', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { a: { type: 'string', maxLength: 1 }, b: { type: 'string', maxLength: 1 }, list: { type: 'array', items: { type: 'string', maxLength: 1 } } },
    };
    expect(errors(schema, { a: 'long', b: 'x' }, { a: 'long' })).toEqual([]);
    expect(errors(schema, { a: 'other' }, { a: 'long' })).toEqual(['spec.a: Too long: may not be more than 1 byte']);
    expect(errors(schema, { list: ['long'] }, { list: ['long'] })).toEqual([]);
    expect(errors(schema, { list: ['long', 'x'] }, { list: ['long'] })).toEqual(['spec.list[0]: Too long: may not be more than 1 byte']);
    const map: JsonSchema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'string', maxLength: 1 } } },
    };
    expect(errors(map, [{ k: 'new' }, { k: 'a', v: 'long' }], [{ k: 'a', v: 'long' }])).toEqual([]);
  });
});

describe('lists', () => {
  it.each<[JsonSchema, unknown, string[]]>([
    [{ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }, ['a', 'b', 'a'], ['spec[2]: Duplicate value: "a"']],
    [
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object' } },
      [{ k: 1 }, { k: 1 }],
      ['spec[1]: Duplicate value: {"k":1}'],
    ],
    [
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k', 'p'], items: { type: 'object' } },
      [
        { k: 1, p: 1 },
        { k: 1, p: 2 },
      ],
      [],
    ],
    [
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object' } },
      ['x'],
      ['spec[0]: Invalid value: "x": must be an object for an array of list-type map'],
    ],
  ])('%o of %o', (schema, value, wanted) => expect(validateLists({ spec: value }, compileSchema(spec(schema))).map(causeText)).toEqual(wanted));
});

describe('defaults', () => {
  it.each<[JsonSchema, unknown, unknown]>([
    [{ type: 'object', properties: { a: { type: 'string', default: 'x' } } }, {}, { a: 'x' }],
    [{ type: 'object', properties: { a: { type: 'string', default: 'x' } } }, { a: null }, { a: 'x' }],
    [{ type: 'object', properties: { a: { type: 'string', nullable: true, default: 'x' } } }, { a: null }, { a: null }],
    [{ type: 'object', properties: { a: { type: 'string' } } }, { a: null }, {}],
    [{ type: 'object', default: {}, properties: { a: { type: 'string', default: 'x' } } }, undefined, { a: 'x' }],
    [{ type: 'array', items: { type: 'object', properties: { a: { type: 'integer', default: 1 } } } }, [{}, { a: 2 }], [{ a: 1 }, { a: 2 }]],
    [{ type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'integer', default: 1 } } } }, { k: {} }, { k: { a: 1 } }],
  ])('%o of %o', (schema, value, wanted) => {
    const object = value === undefined ? {} : { spec: structuredClone(value) };
    applyDefaults(object, compileSchema(spec(schema)));
    expect(object).toEqual({ spec: wanted });
  });
});

describe('formats', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['ipv4', ['10.0.0.1'], ['10.0.0', '::1']],
    ['ipv6', ['::1', 'fe80::1'], ['10.0.0.1', ':::']],
    ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0/33', '10.0.0.0']],
    ['mac', ['00:00:5e:00:53:01', '0000.5e00.5301'], ['00:00:5e']],
    ['uuid', ['123E4567-E89B-12D3-A456-426614174000'], ['123E4567']],
    ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
    ['hostname', ['example.com', 'a'], ['-a', 'a..b']],
    ['email', ['a@b.c', 'A <a@b.c>'], ['a', '@b']],
    ['uri', ['http://a/b', '/a'], ['a b', 'x']],
    ['byte', ['aGVsbG8='], ['aGVsbG8', '!']],
    ['date', ['2024-02-29'], ['2023-02-29', '24-01-01']],
    ['datetime', ['2024-01-01T00:00:00Z', '2024-01-01t10:00:00+01:00'], ['2024-01-01', '2024-01-01T25:00:00Z']],
    ['duration', ['1h30m', '5 days', '0'], ['soon']],
    ['isbn', ['0321751043', '978-0321751041'], ['0321751042']],
    ['creditcard', ['4111 1111 1111 1111'], ['4111 1111 1111 1112']],
    ['hexcolor', ['#fff', 'FFFFFF'], ['#ffff']],
    ['rgbcolor', ['rgb(255,255,0)'], ['rgb(256,0,0)']],
    ['k8sshortname', ['a-b'], ['A', 'a.b']],
    ['k8slongname', ['a.b-c'], ['a..b']],
  ])('%s', (name, good, bad) => {
    for (const text of good) expect(FORMATS.get(name)!(text), text).toBe(true);
    for (const text of bad) expect(FORMATS.get(name)!(text), text).toBe(false);
  });
});

describe('paths of columns', () => {
  const object = {
    metadata: { labels: { 'a.b/c': 'label' } },
    spec: {
      list: [
        { name: 'x', n: 1 },
        { name: 'y', n: 2 },
      ],
      map: { b: 1, a: [2] },
    },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Synced', status: 'False' },
      ],
    },
  };
  it.each<[string, string[]]>([
    ['.spec.list[0].name', ['x']],
    ['.spec.list[-1].name', ['y']],
    ['.spec.list[*].name', ['x', 'y']],
    ['.spec.list[0:1].name', ['x']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ["$.status.conditions[?(@.type=='Synced')].status", ['False']],
    ['.spec.list[?(@.n>1)].name', ['y']],
    [String.raw`.metadata.labels.a\.b/c`, ['label']],
    ["['metadata']['labels']['a.b/c']", ['label']],
    ['.spec.map', ['{"a":[2],"b":1}']],
    ['..name', ['x', 'y']],
    ['.spec.nothing.more', []],
  ])('%s', (path, wanted) => expect(parseJsonPath(path).find(object).map(textOf)).toEqual(wanted));
});
