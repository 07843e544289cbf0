/** A Queue as small as it can be, on a clock that tests move: groups, waiting duplicates dropped, delays, dead letters. */
import type { Clock } from '#machinery/clock.ts';
import type { Message, OutgoingMessage, Queue } from '#queue/port.ts';

interface Held {
  readonly id: string;
  readonly message: OutgoingMessage;
  receives: number;
}

export function createPlainQueue(clock: Clock, maxReceives = 12): Queue {
  let waiting: Held[] = [];
  const working = new Map<string, Held>();
  let delayed = 0;
  let dead = 0;
  let serial = 0;
  let wake: (() => void)[] = [];
  const ring = (): void => {
    for (const one of wake.splice(0)) one();
  };
  const dedupes = new Set<string>();

  function add(held: Held): void {
    waiting.push(held);
    ring();
  }
  function later(held: Held, seconds: number): void {
    if (seconds <= 0) return add(held);
    delayed++;
    clock.after(seconds * 1000, () => {
      delayed--;
      add(held);
    });
  }
  function take(max: number): Message[] {
    const busy = new Set([...working.values()].map(({ message }) => message.group));
    const taken: Message[] = [];
    const left: Held[] = [];
    for (const held of waiting) {
      const { group } = held.message;
      if (taken.length >= max || (group !== undefined && busy.has(group))) {
        left.push(held);
        continue;
      }
      if (group !== undefined) busy.add(group);
      if (held.message.dedupe !== undefined) dedupes.delete(held.message.dedupe);
      held.receives++;
      const receipt = `r${serial++}`;
      working.set(receipt, held);
      taken.push({ id: held.id, body: held.message.body, receives: held.receives, receipt, ...(group === undefined ? {} : { group }) });
    }
    waiting = left;
    return taken;
  }

  return {
    send(messages) {
      for (const message of messages) {
        if (message.dedupe !== undefined) {
          if (dedupes.has(message.dedupe)) continue;
          dedupes.add(message.dedupe);
        }
        later({ id: `m${serial++}`, message, receives: 0 }, message.delaySeconds ?? 0);
      }
      return Promise.resolve();
    },
    async receive({ max, waitSeconds, signal }) {
      const taken = take(max);
      if (taken.length > 0 || signal?.aborted === true) return taken;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(waitSeconds * 1000, resolve);
        wake.push(() => {
          cancel();
          resolve();
        });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
      return take(max);
    },
    done(receipts) {
      for (const receipt of receipts) working.delete(receipt);
      ring();
      return Promise.resolve();
    },
    retry(receipt, delaySeconds) {
      const held = working.get(receipt);
      working.delete(receipt);
      if (held !== undefined && held.receives >= maxReceives) dead++;
      else if (held !== undefined) later(held, delaySeconds);
      ring();
      return Promise.resolve();
    },
    extend: () => Promise.resolve(),
    depth: () => Promise.resolve({ waiting: waiting.length + delayed, inWork: working.size, dead }),
    close: () => Promise.resolve(),
  };
}
