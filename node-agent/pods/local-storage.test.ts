import { afterEach, expect, test } from 'vitest';
import { settle } from '../testing/clock.ts';
import { startHarness, testPod, type Harness } from '../testing/harness.ts';
import { noVolumes } from '../volumes/port.ts';
import { overLimit } from './local-storage.ts';

let node: Harness | undefined;
afterEach(() => node?.stop());

const volumes = [
  { name: 'small', emptyDir: { sizeLimit: '1Mi' } },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  { name: 'open', emptyDir: {} },
];

test.each([
  [{ small: 2 ** 20 }, undefined],
  [{ small: 2 ** 20 + 1 }, 'Usage of EmptyDir volume "small" exceeds the limit "1Mi". '],
  [{ memory: 2 ** 30, open: 2 ** 40 }, undefined],
])('%j: %s', (usage, message) => {
  expect(overLimit(testPod('p', { volumes }), new Map(Object.entries(usage)))).toBe(message);
});

test('a pod that fills its folder is evicted: Failed, with the reason, an event, and its container gone', async () => {
  const usage = new Map([['small', 0]]);
  node = await startHarness({ volumes: { ...noVolumes, usage: () => Promise.resolve(usage) } });
  node.cluster.create(testPod('hog', { volumes }));
  node.cluster.create(testPod('other'));
  await settle();
  await node.clock.advance(10_000);
  expect(node.cluster.get('hog')?.status?.phase).toBe('Running');
  usage.set('small', 2 ** 21);
  await node.clock.advance(12_000);
  expect(node.cluster.get('hog')?.status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "small" exceeds the limit "1Mi". ' });
  expect(node.cluster.get('hog')?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }));
  expect(node.cluster.events).toContainEqual(expect.objectContaining({ object: 'hog', type: 'Warning', reason: 'Evicted' }));
  expect((await node.containers()).filter(({ phase }) => phase === 'running').map(({ labels }) => labels['io.kubernetes.pod.name'])).toEqual(['other']);
  expect(node.cluster.get('other')?.status?.phase).toBe('Running');
});
