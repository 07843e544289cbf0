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
])('volumes %j: %s', (usage, message) => {
  expect(overLimit(testPod('p', { volumes }), { volumes: new Map(Object.entries(usage)), containers: new Map() })).toBe(message);
});

const two = (...limits: readonly (string | undefined)[]) =>
  testPod('p', {
    containers: limits.map((limit, index) => ({ name: `c${index}`, image: 'i', ...(limit === undefined ? {} : { resources: { limits: { 'ephemeral-storage': limit } } }) })),
  });
const MI = 2 ** 20;
test.each([
  [two('1Mi', '2Mi'), { data: 2 * MI }, { c0: MI, c1: 0 }, undefined],
  [two('1Mi', '2Mi'), { data: 2 * MI }, { c0: MI, c1: 1 }, 'Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. '],
  [two('1Mi', '2Mi'), {}, { c0: MI + 1, c1: 0 }, 'Container c0 exceeded its local ephemeral storage limit "1Mi". '],
  [two('1Mi', undefined), { data: 9 * MI }, { c0: 0, c1: 9 * MI }, undefined],
])('containers of %j', (pod, volumes, containers, message) => {
  expect(overLimit(pod, { volumes: new Map(Object.entries(volumes)), containers: new Map(Object.entries(containers)) })).toBe(message);
});

test('a container that writes more than its limit outside its volumes takes its pod along', async () => {
  node = await startHarness({ behaviour: ({ name }) => ({ writtenBytes: name.includes('_hog_') ? 2 * MI : 0 }) });
  for (const name of ['hog', 'modest']) node.cluster.create(testPod(name, { containers: [{ name: 'main', image: 'i:1', resources: { limits: { 'ephemeral-storage': '1Mi' } } }] }));
  await settle();
  await node.clock.advance(12_000);
  expect(node.cluster.get('hog')?.status).toMatchObject({
    phase: 'Failed',
    reason: 'Evicted',
    message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
  });
  expect(node.cluster.get('modest')?.status?.phase).toBe('Running');
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
