import { describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#kinds/generated/types.ts';
import { sizeAnnotations } from './annotations.ts';
import { proportions } from './scale.ts';

interface Case {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly surge?: readonly [from: number, to: number];
  /** Sizes from the newest set to the oldest. */
  readonly sizes: readonly number[];
  readonly expected: readonly number[];
  /** What a set remembers of the deployment's size, where it is not `from`: as after a write that failed. */
  readonly remembers?: readonly (number | undefined)[];
}

const deployment = (replicas: number, maxSurge = 0): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: {}, template: {}, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: 1 } } },
});

function setsOf({ from, surge, sizes, remembers }: Case): ReplicaSet[] {
  return sizes.map((replicas, age) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${String(age)}`,
      creationTimestamp: `2026-01-01T0${String(9 - age)}:00:00Z`,
      annotations: { ...sizeAnnotations(deployment(remembers?.[age] ?? from, surge?.[0])) },
    },
    spec: { replicas, selector: {} },
  }));
}

describe('sizes in proportion', () => {
  test.each<Case>([
    { what: 'up', from: 5, to: 10, sizes: [2, 3], expected: [4, 6] },
    { what: 'down', from: 5, to: 3, sizes: [2, 3], expected: [1, 2] },
    { what: 'down, the smaller to nothing', from: 9, to: 4, sizes: [8, 1], expected: [4, 0] },
    { what: 'up over three', from: 7, to: 10, sizes: [2, 3, 2], expected: [3, 4, 3] },
    { what: 'down over three', from: 13, to: 8, sizes: [2, 8, 3], expected: [1, 5, 2] },
    { what: 'what is left over goes to the newest', from: 3, to: 4, sizes: [1, 1, 1], expected: [2, 1, 1] },
    { what: 'and is taken from the oldest', from: 3, to: 2, sizes: [1, 1, 1], expected: [1, 1, 0] },
    { what: 'to nothing', from: 6, to: 0, sizes: [3, 2, 1], expected: [0, 0, 0] },
    { what: 'a set that was scaled already stays', from: 5, to: 5, sizes: [2, 1, 1], remembers: [undefined, 3, undefined], expected: [2, 2, 1] },
    { what: 'with surge', from: 10, to: 20, surge: [2, 2], sizes: [6, 6], expected: [11, 11] },
    { what: 'surge and size at once', from: 10, to: 50, surge: [3, 6], sizes: [5, 8], expected: [22, 34] },
    { what: 'two old ones while the template changes too', from: 10, to: 14, sizes: [7, 3], expected: [10, 4] },
  ])('$what: $from to $to, $sizes', (one) => {
    const sets = setsOf(one);
    const after = new Map(proportions(deployment(one.to, one.surge?.[1]), sets).map(({ set, size }) => [set.metadata.name, size]));
    expect(sets.map(({ metadata }) => after.get(metadata.name))).toEqual(one.expected);
  });

  test('a set whose annotation was tampered with falls back to the status', () => {
    const sets = setsOf({ what: '', from: 5, to: 10, sizes: [2, 3], expected: [] });
    for (const { metadata } of sets) metadata.annotations = { 'deployment.kubernetes.io/max-replicas': 'many' };
    const scaled = { ...deployment(10), status: { replicas: 5 } };
    expect(proportions(scaled, sets).map(({ size }) => size)).toEqual([6, 4]);
  });
});
