/** The memory engine of the Queue port: SQS' semantics inside one process, on an injected clock. */
import type { Clock } from '#machinery/clock.ts';
import { QueueClosed } from '../errors.ts';
import type { Message, OutgoingMessage, Queue } from '../port.ts';
import { Deadlines, type Deadline } from './deadlines.ts';
import { Lanes, type Queued } from './lanes.ts';

export interface MemoryQueueOptions {
  readonly clock: Clock;
  /** A message that was handed out this often and not finished becomes a dead letter. */
  readonly maxReceives: number;
  /** Hears of each dead letter, with the number of times it was handed out. */
  readonly onDead?: (message: Omit<Message, 'receipt'>) => void;
}

interface Entry extends Deadline, Queued {
  readonly id: string;
  readonly body: string;
  readonly dedupe: string | undefined;
  receives: number;
  /** Set while in work. `due` is then the end of its visibility timeout; else the time at which it may be handed out. */
  receipt: string | undefined;
}

interface Waiter {
  readonly max: number;
  readonly visibilitySeconds: number;
  readonly answer: (messages: readonly Message[]) => void;
  readonly fail: (error: QueueClosed) => void;
}

export function openMemoryQueue(options: MemoryQueueOptions): Queue {
  return new MemoryQueue(options);
}

class MemoryQueue implements Queue {
  readonly #options: MemoryQueueOptions;
  readonly #lanes = new Lanes<Entry>();
  /** Delayed messages, and those in work. */
  readonly #deadlines = new Deadlines<Entry>();
  readonly #inWork = new Map<string, Entry>();
  /** Waiting messages by dedupe key: rarely more than one, or one now and one delayed. */
  readonly #dedupes = new Map<string, Entry[]>();
  readonly #waiters = new Set<Waiter>();
  #serial = 0;
  #waiting = 0;
  #dead = 0;
  #closed = false;
  #alarm: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: MemoryQueueOptions) {
    this.#options = options;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.#open();
    const now = this.#options.clock.now();
    for (const { body, group, dedupe, delaySeconds = 0 } of messages) {
      const due = now + Math.max(0, delaySeconds) * 1000;
      // one that waits for later does not stand for one that is wanted now
      if (dedupe !== undefined && this.#dedupes.get(dedupe)?.some((waiting) => waiting.due <= due) === true) continue;
      const serial = ++this.#serial;
      this.#wait({ id: `message-${serial}`, body, group, dedupe, serial, receives: 0, receipt: undefined, due, place: -1 }, now);
    }
    this.#serve();
  }

  receive(options: { readonly max: number; readonly waitSeconds: number; readonly visibilitySeconds: number; readonly signal?: AbortSignal }): Promise<readonly Message[]> {
    return new Promise((resolve, reject) => {
      this.#open();
      const { max, waitSeconds, visibilitySeconds, signal } = options;
      const ready = this.#take(max, visibilitySeconds);
      if (ready.length > 0 || max <= 0 || waitSeconds <= 0 || signal?.aborted === true) {
        resolve(ready);
        return;
      }
      const settle = (): void => {
        this.#waiters.delete(waiter);
        cancel();
        signal?.removeEventListener('abort', end);
      };
      const end = (): void => waiter.answer([]);
      const waiter: Waiter = {
        max,
        visibilitySeconds,
        answer: (messages) => {
          settle();
          resolve(messages);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      const cancel = this.#options.clock.after(waitSeconds * 1000, end);
      signal?.addEventListener('abort', end, { once: true });
      this.#waiters.add(waiter);
    });
  }

  async done(receipts: readonly string[]): Promise<void> {
    this.#open();
    for (const receipt of receipts) {
      const entry = this.#finish(receipt);
      if (entry !== undefined) this.#lanes.release(entry.group);
    }
    this.#serve();
  }

  async retry(receipt: string, delaySeconds: number): Promise<void> {
    this.#open();
    const entry = this.#finish(receipt);
    if (entry === undefined) return;
    this.#giveBack(entry, Math.max(0, delaySeconds));
    this.#serve();
  }

  async extend(receipt: string, visibilitySeconds: number): Promise<void> {
    this.#open();
    const entry = this.#inWork.get(receipt);
    if (entry === undefined) return;
    this.#deadlines.remove(entry);
    entry.due = this.#options.clock.now() + visibilitySeconds * 1000;
    this.#deadlines.add(entry);
    this.#setAlarm();
  }

  async depth(): Promise<{ readonly waiting: number; readonly inWork: number; readonly dead: number }> {
    this.#open();
    return { waiting: this.#waiting, inWork: this.#inWork.size, dead: this.#dead };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#alarm?.cancel();
    for (const waiter of this.#waiters) waiter.fail(new QueueClosed());
  }

  #open(): void {
    if (this.#closed) throw new QueueClosed();
  }

  #wait(entry: Entry, now: number): void {
    this.#waiting++;
    if (entry.dedupe !== undefined) {
      const same = this.#dedupes.get(entry.dedupe);
      if (same === undefined) this.#dedupes.set(entry.dedupe, [entry]);
      else same.push(entry);
    }
    if (entry.due <= now) this.#lanes.add(entry);
    else this.#deadlines.add(entry);
  }

  #take(max: number, visibilitySeconds: number): Message[] {
    const taken: Message[] = [];
    const now = this.#options.clock.now();
    while (taken.length < max) {
      const entry = this.#lanes.take();
      if (entry === undefined) break;
      this.#waiting--;
      this.#forgetDedupe(entry);
      entry.receives++;
      entry.receipt = `${entry.id}/${entry.receives}`;
      entry.due = now + visibilitySeconds * 1000;
      this.#inWork.set(entry.receipt, entry);
      this.#deadlines.add(entry);
      taken.push({ ...told(entry), receipt: entry.receipt });
    }
    if (taken.length > 0) this.#setAlarm();
    return taken;
  }

  #forgetDedupe(entry: Entry): void {
    if (entry.dedupe === undefined) return;
    const others = this.#dedupes.get(entry.dedupe)?.filter((other) => other !== entry) ?? [];
    if (others.length > 0) this.#dedupes.set(entry.dedupe, others);
    else this.#dedupes.delete(entry.dedupe);
  }

  /** Takes a message out of work. A receipt of an earlier hand-out finds nothing. */
  #finish(receipt: string): Entry | undefined {
    const entry = this.#inWork.get(receipt);
    if (entry === undefined) return undefined;
    this.#inWork.delete(receipt);
    this.#deadlines.remove(entry);
    entry.receipt = undefined;
    return entry;
  }

  #giveBack(entry: Entry, delaySeconds: number): void {
    if (entry.receives >= this.#options.maxReceives) {
      this.#dead++;
      this.#lanes.release(entry.group);
      this.#options.onDead?.(told(entry));
      return;
    }
    const now = this.#options.clock.now();
    entry.due = now + delaySeconds * 1000;
    // before its group goes on: what is given back without a delay stays first
    this.#wait(entry, now);
    this.#lanes.release(entry.group);
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      const messages = this.#take(waiter.max, waiter.visibilitySeconds);
      if (messages.length === 0) break;
      waiter.answer(messages);
    }
    this.#setAlarm();
  }

  /** One timer for all: at the first time at which a delay or a visibility timeout ends. */
  #setAlarm(): void {
    const at = this.#deadlines.first?.due;
    if (at === this.#alarm?.at) return;
    this.#alarm?.cancel();
    if (at === undefined || this.#closed) {
      this.#alarm = undefined;
      return;
    }
    const wait = Math.min(Math.max(0, at - this.#options.clock.now()), LONGEST_TIMER);
    this.#alarm = { at, cancel: this.#options.clock.after(wait, () => this.#ring()) };
  }

  #ring(): void {
    this.#alarm = undefined;
    const now = this.#options.clock.now();
    for (let first = this.#deadlines.first; first !== undefined && first.due <= now; first = this.#deadlines.first) {
      this.#deadlines.remove(first);
      if (first.receipt === undefined) this.#lanes.add(first);
      else this.#giveBack(this.#finish(first.receipt)!, 0);
    }
    this.#serve();
  }
}

/** Milliseconds: timers of JavaScript hold no more than 31 bits. */
const LONGEST_TIMER = 2 ** 31 - 1;

const told = ({ id, body, group, receives }: Entry): Omit<Message, 'receipt'> => ({ id, body, receives, ...(group !== undefined && { group }) });
