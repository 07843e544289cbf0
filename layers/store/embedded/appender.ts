/** Where batches go: to a writer in this thread (databases in memory, tests), or to one in a thread of its own (writer-thread.ts). */
import { StoreUnavailable } from '../errors.ts';
import { LogWriter } from './log-writer.ts';
import type { Batch, Trim } from './records.ts';

export interface Appender {
  /** Durable when it resolves. One at a time. @throws StoreUnavailable nothing was written, or it is unknown */
  append(batch: Batch): Promise<void>;
  /** Takes history away when there is time for it. */
  trim(trim: Trim): void;
  close(): Promise<void>;
}

export function appendHere(writer: LogWriter): Appender {
  return {
    append: async (batch) => {
      // as a disk would: a loop of commits must leave room for everything else
      await new Promise((resolve) => setImmediate(resolve));
      try {
        writer.append(batch);
        writer.relieve(batch.rows.length);
      } catch (error) {
        throw unavailable(error);
      }
    },
    trim: (trim) => {
      writer.trim(trim);
      while (writer.idle());
    },
    close: async () => writer.close(),
  };
}

export function unavailable(error: unknown): StoreUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(`the store cannot write: ${reason}`, { cause: error });
}
