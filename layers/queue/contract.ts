/** What every engine of the Queue port must do. The engine's own test file opens it on a clock that the suite moves. */
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Message, OutgoingMessage, Queue } from './port.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  /** Lets this much time pass for the queue. */
  readonly advance: (ms: number) => Promise<void>;
  /** Dead letters so far. */
  readonly dead: readonly Omit<Message, 'receipt'>[];
}

export interface ContractOptions {
  /** How many random sequences are tried. */
  readonly runs?: number;
  /** Milliseconds for one test: more where every call crosses a network. */
  readonly timeout?: number;
}

export function queueContract(
  name: string,
  open: (options: { readonly maxReceives: number }) => Promise<QueueUnderTest>,
  { runs = 60, timeout = 30_000 }: ContractOptions = {},
): void {
  describe(`${name} keeps the contract of a queue`, { timeout }, () => {
    let under: QueueUnderTest;
    let queue: Queue;
    beforeEach(async () => {
      under = await open({ maxReceives: 3 });
      ({ queue } = under);
    });
    afterEach(() => queue.close());

    const take = async (max = 10, visibilitySeconds = 30): Promise<readonly Message[]> => queue.receive({ max, waitSeconds: 0, visibilitySeconds });
    const bodies = (messages: readonly Message[]): string[] => messages.map(({ body }) => body);

    test('a message that was sent is handed out once, and gone when it is done', async () => {
      await queue.send([{ body: 'a' }]);
      const [message] = await take();
      expect(message).toMatchObject({ body: 'a', receives: 1 });
      expect(await take()).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inWork: 1, dead: 0 });
      await queue.done([message!.receipt]);
      await under.advance(120_000);
      expect(await take()).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, inWork: 0, dead: 0 });
    });

    test('no more than `max` are handed out', async () => {
      await queue.send(Array.from({ length: 7 }, (_, index) => ({ body: String(index) })));
      expect(await take(3)).toHaveLength(3);
      expect(await take(10)).toHaveLength(4);
    });

    test('a message that takes too long comes back, counted', async () => {
      await queue.send([{ body: 'a' }]);
      await take(1, 30);
      await under.advance(29_000);
      expect(await take()).toEqual([]);
      await under.advance(2_000);
      expect(await take()).toMatchObject([{ body: 'a', receives: 2 }]);
    });

    test('the receipt of an earlier hand-out neither finishes nor gives back the later one', async () => {
      await queue.send([{ body: 'a' }]);
      const [first] = await take(1, 5);
      await under.advance(6_000);
      const [second] = await take(1, 30);
      await queue.done([first!.receipt]);
      await queue.retry(first!.receipt, 0);
      expect(await queue.depth()).toMatchObject({ inWork: 1, waiting: 0 });
      await queue.done([second!.receipt]);
      expect(await queue.depth()).toMatchObject({ inWork: 0, waiting: 0 });
    });

    test('extend keeps a message hidden', async () => {
      await queue.send([{ body: 'a' }]);
      const [message] = await take(1, 10);
      await under.advance(8_000);
      await queue.extend(message!.receipt, 10);
      await under.advance(8_000);
      expect(await take()).toEqual([]);
      await under.advance(3_000);
      expect(await take()).toHaveLength(1);
    });

    test('a delayed message is not handed out before its time', async () => {
      await queue.send([{ body: 'later', delaySeconds: 60 }, { body: 'now' }]);
      const first = await take();
      expect(bodies(first)).toEqual(['now']);
      await queue.done(first.map(({ receipt }) => receipt));
      await under.advance(59_000);
      expect(await take()).toEqual([]);
      await under.advance(2_000);
      expect(bodies(await take())).toEqual(['later']);
    });

    test('retry hands a message out again after the delay', async () => {
      await queue.send([{ body: 'a' }]);
      const [message] = await take();
      await queue.retry(message!.receipt, 20);
      expect(await queue.depth()).toMatchObject({ waiting: 1, inWork: 0 });
      await under.advance(19_000);
      expect(await take()).toEqual([]);
      await under.advance(2_000);
      expect(await take()).toMatchObject([{ body: 'a', receives: 2 }]);
    });

    test('messages of one group come one at a time and in order, other groups beside them', async () => {
      await queue.send([
        { body: 'a1', group: 'a' },
        { body: 'a2', group: 'a' },
        { body: 'b1', group: 'b' },
        { body: 'a3', group: 'a' },
      ]);
      const first = await take();
      expect(bodies(first).sort()).toEqual(['a1', 'b1']);
      expect(await take()).toEqual([]);
      await queue.done(first.map(({ receipt }) => receipt));
      const second = await take();
      expect(bodies(second)).toEqual(['a2']);
      await queue.done(second.map(({ receipt }) => receipt));
      expect(bodies(await take())).toEqual(['a3']);
    });

    test('a message given back without delay, or lost by its worker, is still first in its group', async () => {
      await queue.send([
        { body: 'a1', group: 'a' },
        { body: 'a2', group: 'a' },
      ]);
      const [first] = await take();
      await queue.retry(first!.receipt, 0);
      expect(await take(1, 10)).toMatchObject([{ body: 'a1', receives: 2 }]);
      await under.advance(11_000);
      expect(await take(1)).toMatchObject([{ body: 'a1', receives: 3 }]);
    });

    test('a delayed message does not hold up its group', async () => {
      await queue.send([
        { body: 'again', group: 'a', delaySeconds: 300 },
        { body: 'now', group: 'a' },
      ]);
      expect(bodies(await take())).toEqual(['now']);
    });

    test('a waiting key is dropped the second time, one in work is not', async () => {
      await queue.send([
        { body: 'x', dedupe: 'x' },
        { body: 'x', dedupe: 'x' },
      ]);
      await queue.send([{ body: 'x', dedupe: 'x' }]);
      const taken = await take();
      expect(bodies(taken)).toEqual(['x']);
      await queue.send([{ body: 'x', dedupe: 'x' }]);
      expect(bodies(await take())).toEqual(['x']);
    });

    test('a key that waits for later does not swallow one that is wanted now', async () => {
      await queue.send([{ body: 'x', dedupe: 'x', delaySeconds: 600 }]);
      await queue.send([{ body: 'x', dedupe: 'x' }]);
      expect(bodies(await take())).toEqual(['x']);
    });

    test('a message handed out too often becomes a dead letter and frees its group', async () => {
      await queue.send([
        { body: 'poison', group: 'a' },
        { body: 'fine', group: 'a' },
      ]);
      for (let receives = 1; receives <= 3; receives++) {
        const [message] = await take(1, 5);
        expect(message).toMatchObject({ body: 'poison', receives });
        if (receives === 2) await under.advance(6_000);
        else await queue.retry(message!.receipt, 0);
      }
      expect(bodies(await take())).toEqual(['fine']);
      expect(await queue.depth()).toMatchObject({ dead: 1, waiting: 0 });
      expect(under.dead).toMatchObject([{ body: 'poison', group: 'a', receives: 3 }]);
    });

    test('a long poll ends with the first message, with its time, or with an abort', async () => {
      const arrives = queue.receive({ max: 10, waitSeconds: 20, visibilitySeconds: 30 });
      await queue.send([{ body: 'a' }, { body: 'b' }]);
      expect(bodies(await arrives)).toEqual(['a', 'b']);

      const empty = queue.receive({ max: 10, waitSeconds: 20, visibilitySeconds: 30 });
      await under.advance(21_000);
      expect(await empty).toEqual([]);

      const abort = new AbortController();
      const aborted = queue.receive({ max: 10, waitSeconds: 20, visibilitySeconds: 30, signal: abort.signal });
      abort.abort();
      expect(await aborted).toEqual([]);
      await queue.send([{ body: 'c' }]);
      expect(bodies(await take())).toEqual(['c']);
    });

    test('pollers that wait share what comes', async () => {
      const polls = [1, 2, 3].map(async () => queue.receive({ max: 1, waitSeconds: 20, visibilitySeconds: 30 }));
      await queue.send([{ body: 'a' }, { body: 'b' }, { body: 'c' }]);
      expect((await Promise.all(polls)).flatMap(bodies).sort()).toEqual(['a', 'b', 'c']);
    });

    test('close ends the polls that wait', async () => {
      const poll = queue.receive({ max: 1, waitSeconds: 20, visibilitySeconds: 30 });
      await Promise.all([expect(poll).rejects.toMatchObject({ code: 'QUEUE_CLOSED' }), queue.close()]);
      await expect(queue.send([{ body: 'a' }])).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    });

    test('whatever workers do, each message is finished or dead, groups stay in order, and none is in two places', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('send' as const), group: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }), delay: fc.constantFrom(0, 0, 7) }),
        fc.record({ do: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ do: fc.constantFrom('done' as const, 'retry' as const, 'lose' as const), which: fc.nat(5) }),
        fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 20) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const run = await open({ maxReceives: 1000 });
          try {
            await worksOut(run, steps);
          } finally {
            await run.queue.close();
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

type Step =
  | { readonly do: 'send'; readonly group: string | undefined; readonly delay: number }
  | { readonly do: 'receive'; readonly max: number }
  | { readonly do: 'done' | 'retry' | 'lose'; readonly which: number }
  | { readonly do: 'pass'; readonly seconds: number };

const VISIBILITY = 10;

async function worksOut({ queue, advance }: QueueUnderTest, steps: readonly Step[]): Promise<void> {
  let sent = 0;
  let now = 0;
  const finished = new Set<string>();
  const held: { message: Message; until: number }[] = [];
  const hold = (messages: readonly Message[]): void => {
    for (const message of messages) {
      expect(finished).not.toContain(message.body);
      const mine = held.filter(({ until }) => until > now);
      expect(mine.map((other) => other.message.body)).not.toContain(message.body);
      if (message.group !== undefined) expect(mine.map((other) => other.message.group)).not.toContain(message.group);
      held.push({ message, until: now + VISIBILITY });
    }
  };
  const receive = async (max: number): Promise<void> => hold(await queue.receive({ max, waitSeconds: 0, visibilitySeconds: VISIBILITY }));
  for (const step of steps) {
    switch (step.do) {
      case 'send': {
        const message: OutgoingMessage = { body: String(sent++), delaySeconds: step.delay, ...(step.group !== undefined && { group: step.group }) };
        await queue.send([message]);
        break;
      }
      case 'receive':
        await receive(step.max);
        break;
      case 'pass':
        await advance(step.seconds * 1000);
        now += step.seconds;
        break;
      case 'done':
      case 'retry':
      case 'lose': {
        const [taken] = held.splice(step.which, 1);
        if (taken === undefined || step.do === 'lose') {
          // a worker that died still counts as holding the message until its time is over
          if (taken !== undefined) held.push(taken);
          break;
        }
        if (step.do === 'retry') await queue.retry(taken.message.receipt, 0);
        else {
          await queue.done([taken.message.receipt]);
          if (taken.until > now) finished.add(taken.message.body);
        }
        break;
      }
    }
  }
  for (let round = 0; finished.size < sent && round < sent * 2 + 5; round++) {
    await advance((VISIBILITY + 1) * 1000);
    now += VISIBILITY + 1;
    held.length = 0;
    const messages = await queue.receive({ max: 100, waitSeconds: 0, visibilitySeconds: VISIBILITY });
    hold(messages);
    await queue.done(messages.map(({ receipt }) => receipt));
    for (const { body } of messages) finished.add(body);
  }
  expect(finished.size).toBe(sent);
  expect(await queue.depth()).toEqual({ waiting: 0, inWork: 0, dead: 0 });
}
