import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field, objectMeta, podSpec, string, struct } from '../testing/types.ts';
import { compare } from './compare.ts';
import { placeOf } from './place.ts';
import { zeroObject } from './zero.ts';

const schema = struct(
  'Pod',
  field('metadata', objectMeta, { always: true }),
  field('spec', podSpec, { always: true }),
  field('status', struct('Status', field('phase', string)), { always: true }),
);
const place = placeOf(schema);

const name = fc.constantFrom('a', 'b', 'c', 'with "quotes"', '__proto__');
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x', 'y'),
    // names may be there twice
    env: fc.array(fc.record({ name, value: fc.constantFrom('1', '') }, { requiredKeys: ['name'] }), { maxLength: 3 }),
    ports: fc.array(fc.record({ containerPort: fc.constantFrom(80, 9), protocol: fc.constantFrom('TCP', 'UDP') }), { maxLength: 2 }),
    livenessProbe: fc.record({ exec: fc.record({ command: fc.array(name, { maxLength: 2 }) }), periodSeconds: fc.constantFrom(1, 2) }, { requiredKeys: [] }),
    resources: fc.record({ limits: fc.dictionary(name, fc.constantFrom('1', '2'), { maxKeys: 2 }) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['name'] },
);
const pod = fc.record({
  metadata: fc.record({ name, labels: fc.dictionary(name, name, { maxKeys: 3 }), finalizers: fc.array(name, { maxLength: 3 }) }, { requiredKeys: ['name'] }),
  spec: fc.record(
    { containers: fc.array(container, { maxLength: 3 }), nodeName: name, tolerations: fc.array(fc.record({ key: name }), { maxLength: 2 }), nodeSelector: fc.constant({}) },
    { requiredKeys: ['containers'] },
  ),
});

describe('what changed, found with the set of another object at hand', () => {
  const changed = (after: unknown, like?: ReturnType<typeof compare>['changed']) => compare(place, zeroObject(schema), after, undefined, like).changed;

  test('is what it is without, to the order of its fields', () => {
    fc.assert(
      fc.property(pod, pod, (one, other) => {
        expect(JSON.stringify(changed(other, changed(one)))).toBe(JSON.stringify(changed(other)));
      }),
    );
  });

  test('is that very set where the object sets the same fields', () => {
    const make = (image: string) => ({ metadata: { name: image, labels: { app: image } }, spec: { containers: [{ name: 'c', image, env: [{ name: 'A', value: image }] }] } });
    const first = changed(make('one'));
    expect(changed(make('two'), first)).toBe(first);
    // and shares with it what is alike where not all is
    const third = changed({ ...make('three'), status: { phase: 'Pending' } }, first);
    expect(third).not.toBe(first);
    expect(third['f:spec']).toBe(first['f:spec']);
  });
});
