/** Hooks, init containers and sidecars, as a pod's owner sees them. */
import { afterEach, describe, expect, test } from 'vitest';
import { settle } from '../testing/clock.ts';
import { startHarness, testPod, type Harness, type HarnessOptions } from '../testing/harness.ts';
import type { Container } from './pod.ts';

let node: Harness;
afterEach(() => node.stop());

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'busybox:1', ...more });
const running = async (): Promise<string[]> => (await node.containers()).filter(({ phase }) => phase === 'running').map(({ labels }) => labels['io.kubernetes.container.name']!);
const end = async (name: string, code: number): Promise<void> => {
  const found = (await node.containers()).find((state) => state.phase === 'running' && state.labels['io.kubernetes.container.name'] === name);
  node.runtime.exit(found!.id, code);
  await settle();
};
const exec = (result: (command: string) => number | Promise<number>): HarnessOptions => ({ exec: (_id, command) => result(command.join(' ')) });

describe('hooks', () => {
  test('postStart is through before the next container starts and the pod is ready', async () => {
    const hook = Promise.withResolvers<number>();
    node = await startHarness(exec(() => hook.promise));
    node.cluster.create(testPod('p', { containers: [container('a', { lifecycle: { postStart: { exec: { command: ['hook'] } } } }), container('b')] }));
    await settle();
    expect(await running()).toEqual(['a']);
    hook.resolve(0);
    await settle();
    expect((await running()).toSorted()).toEqual(['a', 'b']);
    expect(node.status('p', 'a').ready).toBe(true);
  });

  test('a postStart that fails ends its container, with an event', async () => {
    node = await startHarness(exec(() => 1));
    node.cluster.create(testPod('p', { restartPolicy: 'Never', containers: [container('a', { lifecycle: { postStart: { exec: { command: ['hook'] } } } })] }));
    await settle();
    await node.clock.advance(31_000);
    expect(node.reasons('p')).toContain('FailedPostStartHook');
    expect(await running()).toEqual([]);
  });

  test('preStop runs before the signal, within the grace, and its failure is no obstacle', async () => {
    const order: string[] = [];
    node = await startHarness(
      exec((command) => {
        order.push(command);
        return 1;
      }),
    );
    node.cluster.create(testPod('p', { containers: [container('a', { lifecycle: { preStop: { exec: { command: ['farewell'] } } } })] }));
    await settle();
    node.cluster.delete('p');
    await node.clock.advance(31_000);
    expect(order).toEqual(['farewell']);
    expect(node.reasons('p')).toContain('FailedPreStopHook');
    expect(node.cluster.get('p')).toBeUndefined();
  });

  test('a preStop that hangs is cut off at the end of the grace', async () => {
    node = await startHarness(exec(() => new Promise<number>(() => {})));
    node.cluster.create(testPod('p', { terminationGracePeriodSeconds: 5, containers: [container('a', { lifecycle: { preStop: { exec: { command: ['hang'] } } } })] }));
    await settle();
    node.cluster.delete('p');
    await node.clock.advance(4_000);
    expect(await running()).toEqual(['a']);
    await node.clock.advance(4_000);
    expect(node.cluster.get('p')).toBeUndefined();
  });
});

describe('init containers', () => {
  test('run one after the other to their end, then the pod’s own', async () => {
    node = await startHarness();
    node.cluster.create(testPod('p', { initContainers: [container('first'), container('second')], containers: [container('main')] }));
    await settle();
    expect(await running()).toEqual(['first']);
    await end('first', 0);
    expect(await running()).toEqual(['second']);
    expect(node.cluster.get('p')?.status?.conditions?.find(({ type }) => type === 'Initialized')?.status).toBe('False');
    await end('second', 0);
    expect(await running()).toEqual(['main']);
    expect(node.cluster.get('p')?.status?.phase).toBe('Running');
  });

  test('one that fails is tried again, or is the pod’s failure', async () => {
    node = await startHarness();
    node.cluster.create(testPod('p', { initContainers: [container('first')], containers: [container('main')] }));
    node.cluster.create(testPod('q', { restartPolicy: 'Never', initContainers: [container('only')], containers: [container('late')] }));
    await settle();
    await end('first', 1);
    expect(node.status('p', 'first')).toMatchObject({ restartCount: 1, state: { running: {} } });
    await end('only', 1);
    expect(node.cluster.get('q')?.status?.phase).toBe('Failed');
    expect(await running()).toEqual(['first']);
  });
});

describe('sidecars', () => {
  const sidecar = container('helper', { restartPolicy: 'Always' });

  test('start first and run beside the rest; their end is repaired', async () => {
    node = await startHarness();
    node.cluster.create(testPod('p', { initContainers: [sidecar, container('init')], containers: [container('main')] }));
    await settle();
    expect((await running()).toSorted()).toEqual(['helper', 'init']);
    await end('init', 0);
    expect((await running()).toSorted()).toEqual(['helper', 'main']);
    await end('helper', 1);
    expect(node.status('p', 'helper')).toMatchObject({ restartCount: 1, state: { running: {} } });
  });

  test('a pod is done when its own containers are, and its sidecars end last', async () => {
    node = await startHarness();
    node.cluster.create(testPod('p', { restartPolicy: 'Never', initContainers: [sidecar], containers: [container('main')] }));
    await settle();
    await end('main', 0);
    await node.clock.advance(31_000);
    expect(node.cluster.get('p')?.status?.phase).toBe('Succeeded');
    expect(await running()).toEqual([]);
  });

  test('are not waited for when the pod is deleted: they are ended after the others', async () => {
    const ended: string[] = [];
    node = await startHarness({ behaviour: () => ({ stopDelayMs: 1_000 }) });
    node.cluster.create(testPod('p', { initContainers: [sidecar], containers: [container('main')] }));
    await settle();
    node.cluster.delete('p');
    for (let seconds = 0; seconds < 5; seconds++) {
      const before = await running();
      await node.clock.advance(1_000);
      const after = new Set(await running());
      ended.push(...before.filter((name) => !after.has(name)));
    }
    expect(ended).toEqual(['main', 'helper']);
  });
});
