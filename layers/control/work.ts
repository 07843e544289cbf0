/** What travels in the queue: which controller, which key. The message is a doorbell and never carries state. */
import type { OutgoingMessage } from '#queue/port.ts';
import type { Key } from './controller.ts';

export interface Work {
  readonly controller: string;
  readonly key: Key;
  /** How often this key failed in a row for reasons that pass by themselves. */
  readonly attempt?: number;
}

/** SQS delays no message for longer than this; a reconcile that comes early asks again for the rest. */
export const LONGEST_DELAY_SECONDS = 900;

export const ownerOf = ({ controller, key }: Work): string => `${controller}/${key}`;

export function message(work: Work): OutgoingMessage {
  const owner = ownerOf(work);
  return { body: JSON.stringify(work), group: owner, dedupe: owner };
}

/**
 * One that rings later. Its time is part of what makes it a duplicate: one that waits for its time must swallow neither the message that
 * a change sends at once, nor another that is due earlier.
 */
export function delayedMessage(work: Work, seconds: number, now: number): OutgoingMessage {
  const owner = ownerOf(work);
  const delaySeconds = Math.min(Math.max(seconds, 0), LONGEST_DELAY_SECONDS);
  return { body: JSON.stringify(work), group: owner, dedupe: `${owner} ${Math.ceil(now / 1000 + delaySeconds)}`, delaySeconds };
}

/** `undefined` for a body that is not ours. */
export function parseWork(body: string): Work | undefined {
  try {
    const work = JSON.parse(body) as Partial<Work>;
    return typeof work.controller === 'string' && typeof work.key === 'string' ? (work as Work) : undefined;
  } catch {
    return undefined;
  }
}
