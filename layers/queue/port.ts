/**
 * The Queue port, with the semantics of SQS that consumers must live with: at least once, in no order but within a group,
 * a message invisible while it is worked on and back when that takes too long, delays, and a dead-letter queue.
 */
export interface OutgoingMessage {
  readonly body: string;
  /** Messages of one group are worked on one at a time, in order (fair queues and FIFO groups). */
  readonly group?: string;
  /** A message with the key of one that is still waiting (not in work) is dropped: keys are level-triggered. */
  readonly dedupe?: string;
  readonly delaySeconds?: number;
}

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly group?: string;
  /** How often it was handed out, this time included. */
  readonly receives: number;
  /** Proof of this hand-out for `done`, `retry` and `extend`. */
  readonly receipt: string;
}

export interface Queue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Waits up to `waitSeconds` (an abort ends the wait) and hands out at most `max` messages, hidden for `visibilitySeconds`. */
  receive(options: { readonly max: number; readonly waitSeconds: number; readonly visibilitySeconds: number; readonly signal?: AbortSignal }): Promise<readonly Message[]>;
  done(receipts: readonly string[]): Promise<void>;
  /** Gives a message back, to be handed out again after `delaySeconds`. */
  retry(receipt: string, delaySeconds: number): Promise<void>;
  extend(receipt: string, visibilitySeconds: number): Promise<void>;
  /** Messages waiting, in work, and in the dead-letter queue. */
  depth(): Promise<{ readonly waiting: number; readonly inWork: number; readonly dead: number }>;
  close(): Promise<void>;
}
