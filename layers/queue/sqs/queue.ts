/**
 * The Queue port over SQS: a FIFO queue, whose groups keep a key in one place at a time, a standard queue for what is wanted later (FIFO queues
 * delay no single message), and a queue of dead letters. Whoever receives moves what has become due from the second to the first.
 *
 * SQS' own deduplication would swallow, for five minutes, the key of a change that came after the one before was taken to work; so equal keys
 * are dropped where they meet: in the hands of the one who receives them.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Clock, Random } from '#machinery/clock.ts';
import { QueueClosed } from '../errors.ts';
import type { Message, OutgoingMessage, Queue } from '../port.ts';
import { isStale, Requests } from './client.ts';
import { entryOf, LONGEST_DELAY, LONGEST_VISIBILITY, messageOf, receivedOf, type Carried, type Received } from './messages.ts';

export interface SqsUrls {
  /** A FIFO queue whose redrive policy leads to `dead` after `maxReceives`. */
  readonly work: string;
  /** A standard queue. */
  readonly later: string;
  /** A FIFO queue. */
  readonly dead: string;
}

export interface SqsOptions {
  readonly client: SQSClient;
  readonly urls: SqsUrls;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxReceives: number;
}

/** SQS hands out, and takes, so many at once. */
const BATCH = 10;
/** Seconds. */
const LONGEST_POLL = 20;
/** Seconds that a due message is in hand while it is moved. */
const MOVING = 30;
/** Between two looks at the queue of later messages while a poll waits (milliseconds): how late a delayed message may be. */
const LOOK_LATER = 1_000;
/** A poll that was broken off may still be answered, with messages (milliseconds). */
const BROKEN_OFF = 300;
const LOOK_BROKEN = 20;
/** The server ends a poll; one that does not within this is broken off (milliseconds). */
const LATE_ANSWER = 500;

export function openSqsQueue(options: SqsOptions): Queue {
  return new SqsQueue(options);
}

class SqsQueue implements Queue {
  readonly #options: SqsOptions;
  readonly #requests: Requests;
  /** Received together with one of their group that is in work: they wait here for their turn, invisible to others. */
  #held: Received[] = [];
  /** In work from this process, by receipt. */
  readonly #working = new Map<string, Received>();
  /** Polls that nobody waits for any more. */
  readonly #broken = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #lookedLater = 0;

  constructor(options: SqsOptions) {
    this.#options = options;
    this.#requests = new Requests(options.client, options.clock, options.random);
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.#open();
    const now = messages.filter(({ delaySeconds = 0 }) => delaySeconds <= 0);
    const later = messages.filter(({ delaySeconds = 0 }) => delaySeconds > 0);
    await this.#sendWork(now.map((message) => ({ ...message, taken: 0 })));
    await this.#sendLater(later.map(({ delaySeconds = 0, ...message }) => ({ message: { ...message, taken: 0 }, delaySeconds })));
  }

  async #sendWork(messages: readonly Carried[], url = this.#options.urls.work): Promise<void> {
    const entries = messages.map((message) => entryOf(message));
    await this.#requests.batches(entries, async (client, some) => client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [...some] })));
  }

  async #sendLater(messages: readonly { readonly message: Carried; readonly delaySeconds: number }[]): Promise<void> {
    const entries = messages.map(({ message, delaySeconds }) => entryOf(message, Math.min(LONGEST_DELAY, Math.ceil(delaySeconds))));
    await this.#requests.batches(entries, async (client, some) => client.send(new SendMessageBatchCommand({ QueueUrl: this.#options.urls.later, Entries: [...some] })));
  }

  async receive(options: { readonly max: number; readonly waitSeconds: number; readonly visibilitySeconds: number; readonly signal?: AbortSignal }): Promise<readonly Message[]> {
    this.#open();
    const { max, visibilitySeconds, signal } = options;
    const visibility = Math.min(LONGEST_VISIBILITY, Math.max(0, Math.ceil(visibilitySeconds)));
    const { clock } = this.#options;
    const end = clock.now() + Math.min(LONGEST_POLL, Math.max(0, options.waitSeconds)) * 1000;
    const taken: Received[] = await this.#fromHand(max, visibility);
    for (let extra = this.#broken.size > 0 ? BROKEN_OFF : 0; taken.length < max;) {
      if (taken.length === 0) await this.#moveDue();
      const left = taken.length > 0 ? 0 : Math.max(0, end - clock.now());
      const batch = await this.#poll(Math.min(BATCH, max - taken.length), left, visibility, signal);
      this.#open();
      if (batch === undefined) break;
      taken.push(...(await this.#sorted(batch)));
      if (batch.length > 0) continue;
      if (taken.length > 0 || signal?.aborted === true) break;
      if (left > 0 && clock.now() < end) continue;
      // what a poll that nobody waits for has taken away is on its way here
      if (extra <= 0 || this.#broken.size === 0) break;
      extra -= LOOK_BROKEN;
      await new Promise((resolve) => setTimeout(resolve, LOOK_BROKEN));
      taken.push(...(await this.#fromHand(max, visibility)));
    }
    return taken.map(messageOf);
  }

  /** Undefined where it was broken off; what the server still answers then is kept for the next to ask. */
  async #poll(max: number, waitMs: number, visibility: number, signal: AbortSignal | undefined): Promise<Received[] | undefined> {
    const { clock, urls } = this.#options;
    const waitSeconds = Math.ceil(waitMs / 1000);
    const asked = this.#requests
      .send(async (client) =>
        client.send(
          new ReceiveMessageCommand({
            QueueUrl: urls.work,
            MaxNumberOfMessages: max,
            WaitTimeSeconds: waitSeconds,
            VisibilityTimeout: visibility,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['ApproximateReceiveCount'],
          }),
        ),
      )
      .then(({ Messages = [] }) => Messages.map((message) => receivedOf(message, clock.now() + visibility * 1000)));
    const ends = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const end = AbortSignal.any(ends);
    if (waitSeconds === 0) return asked;
    let stop = (): void => {};
    const broken = new Promise<undefined>((resolve) => {
      const give = (): void => resolve(undefined);
      const cancel = clock.after(waitMs + LATE_ANSWER, give);
      end.addEventListener('abort', give, { once: true });
      stop = () => {
        cancel();
        end.removeEventListener('abort', give);
      };
      if (end.aborted) give();
    });
    const answer = await Promise.race([asked, broken]).finally(() => stop());
    if (answer !== undefined) return answer;
    const late: Promise<void> = asked
      .then((messages) => void this.#held.push(...messages))
      .catch(() => {})
      .finally(() => this.#broken.delete(late));
    this.#broken.add(late);
    return undefined;
  }

  /** What may be worked on now of what was just received; the rest waits in hand, and what is there twice is dropped. */
  async #sorted(batch: readonly Received[]): Promise<Received[]> {
    const taken: Received[] = [];
    const double: Received[] = [];
    for (const one of batch) {
      if (one.receives > this.#options.maxReceives) await this.#bury(one);
      else if (one.dedupe !== undefined && [...taken, ...this.#held].some(({ dedupe }) => dedupe === one.dedupe)) double.push(one);
      else if (this.#busy(one)) this.#held.push(one);
      else {
        taken.push(one);
        this.#working.set(one.receipt, one);
      }
    }
    if (double.length > 0) await this.#delete(double);
    return taken;
  }

  #busy({ id, group }: Received): boolean {
    const now = this.#options.clock.now();
    // what was lost by its worker comes again, and is not behind itself
    for (const [receipt, other] of this.#working) if (other.until <= now || other.id === id) this.#working.delete(receipt);
    return group !== undefined && [...this.#working.values()].some((other) => other.group === group);
  }

  /** Messages in hand whose group is free, shown to be in work for as long as the caller wants. */
  async #fromHand(max: number, visibility: number): Promise<Received[]> {
    const now = this.#options.clock.now();
    this.#held = this.#held.filter(({ until }) => until > now);
    const taken: Received[] = [];
    for (const one of this.#held.slice()) {
      if (taken.length >= max) break;
      if (this.#busy(one)) continue;
      this.#held = this.#held.filter((other) => other !== one);
      const shown = { ...one, until: now + visibility * 1000 };
      this.#working.set(one.receipt, shown);
      if (await this.#show(one.receipt, visibility)) taken.push(shown);
      else this.#working.delete(one.receipt);
    }
    return taken;
  }

  /** False where the receipt is of an earlier hand-out. */
  async #show(receipt: string, seconds: number): Promise<boolean> {
    try {
      await this.#requests.send(async (client) =>
        client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl: this.#options.urls.work, ReceiptHandle: receipt, VisibilityTimeout: Math.min(LONGEST_VISIBILITY, Math.ceil(seconds)) }),
        ),
      );
      return true;
    } catch (error) {
      if (!isStale(error)) throw error;
      return false;
    }
  }

  /** Moves what has become due into the queue of work. Sent before it is deleted: twice is better than not at all. */
  async #moveDue(): Promise<void> {
    const { clock, urls } = this.#options;
    if (clock.now() - this.#lookedLater < LOOK_LATER) return;
    this.#lookedLater = clock.now();
    for (;;) {
      const { Messages = [] } = await this.#requests.send(async (client) =>
        client.send(new ReceiveMessageCommand({ QueueUrl: urls.later, MaxNumberOfMessages: BATCH, WaitTimeSeconds: 0, VisibilityTimeout: MOVING, MessageAttributeNames: ['All'] })),
      );
      if (Messages.length === 0) return;
      await this.#sendWork(Messages.map((message) => receivedOf(message, 0)));
      await this.#delete(
        Messages.map((message) => receivedOf(message, 0)),
        urls.later,
      );
    }
  }

  async #delete(messages: readonly Pick<Received, 'receipt'>[], url = this.#options.urls.work): Promise<void> {
    const entries = messages.map(({ receipt }) => ({ ReceiptHandle: receipt }));
    await this.#requests.batches(entries, async (client, some) => client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: [...some] })));
  }

  async #bury(message: Received): Promise<void> {
    await this.#sendWork([{ ...message, taken: Math.min(message.receives, this.#options.maxReceives) }], this.#options.urls.dead);
    await this.#delete([message]);
  }

  async done(receipts: readonly string[]): Promise<void> {
    this.#open();
    for (const receipt of receipts) this.#working.delete(receipt);
    await this.#delete(receipts.map((receipt) => ({ receipt })));
  }

  async retry(receipt: string, delaySeconds: number): Promise<void> {
    this.#open();
    const message = this.#working.get(receipt);
    this.#working.delete(receipt);
    const delayed = delaySeconds > 0 && message !== undefined;
    // also asks whether the receipt is still good
    if (!(await this.#show(receipt, delayed ? MOVING : delaySeconds))) return;
    if (!delayed) {
      await this.#giveBack(message?.group);
      return;
    }
    if (message.receives >= this.#options.maxReceives) await this.#bury(message);
    else {
      await this.#sendLater([{ message: { ...message, taken: message.receives }, delaySeconds }]);
      await this.#delete([message]);
    }
  }

  /** Those behind in the group go back with their first: SQS hands out nothing of a group while one of it is in hand. */
  async #giveBack(group: string | undefined): Promise<void> {
    if (group === undefined) return;
    const behind = this.#held.filter((one) => one.group === group);
    this.#held = this.#held.filter((one) => one.group !== group);
    for (const { receipt } of behind) await this.#show(receipt, 0);
  }

  async extend(receipt: string, visibilitySeconds: number): Promise<void> {
    this.#open();
    const message = this.#working.get(receipt);
    const until = this.#options.clock.now() + visibilitySeconds * 1000;
    if ((await this.#show(receipt, visibilitySeconds)) && message !== undefined) this.#working.set(receipt, { ...message, until });
  }

  async depth(): Promise<{ readonly waiting: number; readonly inWork: number; readonly dead: number }> {
    this.#open();
    const { work, later, dead } = this.#options.urls;
    const [atWork, waits, gone] = await Promise.all([work, later, dead].map(async (url) => this.#counts(url)));
    const now = this.#options.clock.now();
    const held = this.#held.filter(({ until }) => until > now).length;
    return { waiting: atWork!.visible + waits!.visible + waits!.hidden + held, inWork: atWork!.hidden - held, dead: gone!.visible + gone!.hidden };
  }

  async #counts(url: string): Promise<{ readonly visible: number; readonly hidden: number }> {
    const { Attributes: counts = {} } = await this.#requests.send(async (client) =>
      client.send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'],
        }),
      ),
    );
    return {
      visible: Number(counts.ApproximateNumberOfMessages ?? 0),
      hidden: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0) + Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #open(): void {
    if (this.#closing.signal.aborted) throw new QueueClosed();
  }
}
