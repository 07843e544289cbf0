/** The writer in a thread of its own: neither the sync of the disk nor a checkpoint holds up the event loop. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { StoreUnavailable } from '../errors.ts';
import { unavailable, type Appender } from './appender.ts';
import type { Batch, Trim } from './records.ts';
import type { Synchronous } from './schema.ts';

export interface WriterThreadData {
  readonly path: string;
  readonly synchronous: Synchronous;
  readonly port: MessagePort;
  /** Counts messages. The thread sleeps on it, which wakes faster than its event loop would (0.05 ms less a commit). */
  readonly bell: Int32Array;
}

export type ToWriter = { readonly append: Batch } | { readonly trim: Trim } | { readonly close: true };
export type FromWriter = { readonly done: true } | { readonly failed: Error } | { readonly closed: true };

export async function appendInThread(path: string, synchronous: Synchronous, died: (error: unknown) => void): Promise<Appender> {
  const { port1, port2: port } = new MessageChannel();
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('writer-thread-main.ts', import.meta.url), {
    name: 'store-writer',
    // a program's own flags (--eval, --inspect) are not meant for it
    execArgv: [],
    workerData: { path, synchronous, port: port1, bell } satisfies WriterThreadData,
    transferList: [port1],
  });
  let answer: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  let gone: StoreUnavailable | undefined;
  let closing = false;
  const settle = (error?: StoreUnavailable): void => {
    const waiting = answer;
    answer = undefined;
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(error);
  };
  const ask = async (message?: ToWriter, transfer: ArrayBuffer[] = []): Promise<void> => {
    if (gone !== undefined) throw gone;
    await new Promise<void>((resolve, reject) => {
      answer = { resolve, reject };
      if (message !== undefined) post(message, transfer);
    });
  };
  const post = (message: ToWriter, transfer: ArrayBuffer[] = []): void => {
    port.postMessage(message, transfer);
    Atomics.add(bell, 0, 1);
    Atomics.notify(bell, 0);
  };
  port.on('message', (message: FromWriter) => settle('failed' in message ? unavailable(message.failed) : undefined));
  const end = (error: unknown): void => {
    if (gone === undefined) died(error);
    gone ??= unavailable(error);
    settle(gone);
  };
  worker.once('error', end);
  // its end may come before its last message
  worker.once('exit', () => (closing ? settle() : end(new Error('its writer has ended'))));

  try {
    await ask();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  // an open store alone does not keep a program running; a commit under way does
  worker.unref();
  port.unref();
  return {
    append: async (batch) => {
      port.ref();
      try {
        await ask({ append: batch }, [batch.bodies]);
      } finally {
        port.unref();
      }
    },
    trim: (trim) => {
      if (gone === undefined) post({ trim });
    },
    close: async () => {
      if (gone === undefined) {
        port.ref();
        closing = true;
        await ask({ close: true });
      }
      gone ??= new StoreUnavailable('the store is closed');
      port.close();
      await worker.terminate();
    },
  };
}
