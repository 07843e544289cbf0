import { afterEach, expect, test } from 'vitest';
import { settle } from '../testing/clock.ts';
import { startHarness, testPod, type Harness } from '../testing/harness.ts';
import type { Container } from './pod.ts';
import { restartsAfter } from './restart.ts';

let node: Harness | undefined;
afterEach(() => node?.stop());

async function fail(harness: Harness): Promise<void> {
  const running = (await harness.containers()).find(({ phase }) => phase === 'running');
  harness.runtime.exit(running!.id, 1);
  await settle();
}

test('the pauses between restarts go on where they were when the agent is started anew', async () => {
  node = await startHarness();
  node.cluster.create(testPod('web'));
  await settle();
  await fail(node);
  for (const seconds of [10, 20]) {
    await fail(node);
    await node.clock.advance(seconds * 1000);
  }
  expect(node.status('web')).toMatchObject({ restartCount: 3, state: { running: {} } });
  await node.restart();
  await fail(node);
  expect(node.status('web')).toMatchObject({ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff', message: expect.stringContaining('back-off 40s restarting') } } });
  await node.restart();
  await node.clock.advance(39_000);
  expect(node.status('web').restartCount).toBe(3);
  await node.clock.advance(1_000);
  expect(node.status('web')).toMatchObject({ restartCount: 4, state: { running: {} } });
});

const container = (more: Partial<Container> = {}): Container => ({ name: 'c', image: 'i', ...more });
test.each([
  ['Always', {}, 0, true],
  ['OnFailure', {}, 0, false],
  ['OnFailure', {}, 3, true],
  ['Never', {}, 3, false],
  ['Never', { restartPolicy: 'Always' }, 0, true],
  ['Never', { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }, 42, true],
  ['Never', { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [42] } }] }, 42, false],
] as const)('policy %s, container %j, exit code %d: restarted %s', (policy, more, code, expected) => {
  expect(restartsAfter(testPod('p', { restartPolicy: policy }), container(more as Partial<Container>), code)).toBe(expected);
});
