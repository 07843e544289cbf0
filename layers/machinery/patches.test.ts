import { expect, test } from 'vitest';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';
import type { ApiError } from './status.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const text: TypeSchema = { name: 'string', type: 'string' };
const number: TypeSchema = { name: 'integer', type: 'integer' };
const struct = (name: string, fields: readonly FieldSchema[]): TypeSchema => ({ name, type: 'object', fields: new Map(fields.map((field) => [field.name, field])) });
const field = (name: string, type: TypeSchema, more: Partial<FieldSchema> = {}): FieldSchema => ({ name, type, required: false, ...more });
const list = (items: TypeSchema): TypeSchema => ({ name: 'list', type: 'array', items });
const stringMap: TypeSchema = { name: 'map', type: 'map', items: text };
const port = struct('Port', [field('containerPort', number), field('protocol', text, { default: 'TCP' }), field('name', text)]);
const container = struct('Container', [
  field('name', text),
  field('image', text),
  field('command', list(text)),
  field('ports', list(port), { listType: 'map', listMapKeys: ['containerPort', 'protocol'], patchStrategy: ['merge'], patchMergeKey: 'containerPort' }),
]);
const strategy = struct('Strategy', [field('type', text), field('rollingUpdate', struct('Rolling', [field('maxSurge', number)]))]);
const spec = struct('Spec', [
  field('replicas', number),
  field('strategy', strategy, { patchStrategy: ['retainKeys'] }),
  field('nodeSelector', { ...stringMap, mapType: 'atomic' }),
  field('containers', list(container), { listType: 'map', listMapKeys: ['name'], patchStrategy: ['merge'], patchMergeKey: 'name' }),
]);
const meta = struct('Meta', [
  field('name', text),
  field('labels', stringMap),
  field('annotations', stringMap),
  field('finalizers', list(text), { listType: 'set', patchStrategy: ['merge'] }),
]);
const schema = struct('Thing', [
  field('apiVersion', text),
  field('kind', text),
  field('metadata', meta),
  field('spec', spec),
  field('status', struct('Status', [field('ready', number)])),
]);

test.each([
  [
    { a: 1, b: { c: 2 } },
    { b: { c: null, d: 3 }, e: [1] },
    { a: 1, b: { d: 3 }, e: [1] },
  ],
  [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
  [{}, { a: { b: null } }, { a: {} }],
])('merge patch %#', (target, patch, wanted) => expect(mergePatch(target, patch)).toEqual(wanted));

test('JSON patch: operations, a failed test, a missing path', () => {
  expect(
    jsonPatch({ a: { b: [1] } }, [
      { op: 'add', path: '/a/b/-', value: 2 },
      { op: 'remove', path: '/a/b/0' },
    ]),
  ).toEqual({ a: { b: [2] } });
  const fails = (patch: unknown): number => {
    try {
      jsonPatch({ a: 1 }, patch);
      return 0;
    } catch (error) {
      return (error as ApiError).status.code;
    }
  };
  expect(fails([{ op: 'test', path: '/a', value: 2 }])).toBe(422);
  expect(fails([{ op: 'remove', path: '/zz' }])).toBe(422);
  expect(fails({})).toBe(400);
  expect(fails(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 })))).toBe(413);
});

const two = {
  spec: {
    containers: [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ],
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
  },
  metadata: { finalizers: ['x', 'y'] },
};
test.each([
  [
    'lists merge by key',
    { spec: { containers: [{ name: 'b', image: '2' }] } },
    {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '2' },
      ],
    },
  ],
  [
    // as `kubectl patch` of a real cluster: the sidecar that a patch adds stands before what was there
    'new items go first',
    { spec: { containers: [{ name: 'c', image: '3' }] } },
    {
      containers: [
        { name: 'c', image: '3' },
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
    },
  ],
  ['$patch: delete', { spec: { containers: [{ name: 'a', $patch: 'delete' }] } }, { containers: [{ name: 'b', image: '1' }] }],
  ['$patch: replace of a list', { spec: { containers: [{ name: 'z', image: '9' }, { $patch: 'replace' }] } }, { containers: [{ name: 'z', image: '9' }] }],
  [
    '$setElementOrder',
    { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', image: '5' }] } },
    {
      containers: [
        { name: 'b', image: '1' },
        { name: 'a', image: '5' },
      ],
    },
  ],
  ['$retainKeys', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, { strategy: { type: 'Recreate' } }],
  ['null deletes', { spec: { strategy: null } }, { containers: two.spec.containers }],
])('strategic merge: %s', (_, patch, wanted) => expect((strategicMergePatch(two, patch, schema) as typeof two).spec).toMatchObject(wanted));

test('strategic merge: values of a set are added and deleted', () => {
  expect(strategicMergePatch(two, { metadata: { finalizers: ['z', 'x'] } }, schema)).toMatchObject({ metadata: { finalizers: ['z', 'x', 'y'] } });
  expect(strategicMergePatch(two, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }, schema)).toMatchObject({ metadata: { finalizers: ['y'] } });
});
