import { expect, test } from 'vitest';
import { createFakeClock } from '#control/testing/fake-clock.ts';
import { queueContract } from '../contract.ts';
import type { Message } from '../port.ts';
import { openMemoryQueue } from './queue.ts';

queueContract('the memory queue', async ({ maxReceives }) => {
  const clock = createFakeClock();
  const dead: Omit<Message, 'receipt'>[] = [];
  return { queue: openMemoryQueue({ clock, maxReceives, onDead: (message) => dead.push(message) }), advance: async (ms) => clock.advance(ms), dead };
});

test('no timer is set while nothing is delayed or in work', async () => {
  const clock = createFakeClock();
  const queue = openMemoryQueue({ clock, maxReceives: 3 });
  await queue.send([{ body: 'a' }]);
  expect(clock.next()).toBeUndefined();
  const [message] = await queue.receive({ max: 1, waitSeconds: 20, visibilitySeconds: 30 });
  expect(clock.next()).toBe(30_000);
  await queue.done([message!.receipt]);
  expect(clock.next()).toBeUndefined();
});

test('groups are served in turn: a flood in one does not hold up another', async () => {
  const queue = openMemoryQueue({ clock: createFakeClock(), maxReceives: 3 });
  await queue.send([...Array.from({ length: 50 }, (_, index) => ({ body: `noisy ${index}`, group: 'noisy' })), { body: 'quiet', group: 'quiet' }]);
  const taken = await queue.receive({ max: 2, waitSeconds: 0, visibilitySeconds: 30 });
  expect(taken.map(({ body }) => body)).toEqual(['noisy 0', 'quiet']);
});
