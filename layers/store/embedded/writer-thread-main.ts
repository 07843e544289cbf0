/** What the writer's thread runs. It sleeps on the bell, not in an event loop: see writer-thread.ts. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { LogWriter } from './log-writer.ts';
import { openForWriting } from './schema.ts';
import type { FromWriter, ToWriter, WriterThreadData } from './writer-thread.ts';

const { path, synchronous, port, bell } = workerData as WriterThreadData;
/** Quiet time before trims and checkpoints begin, so that they do not get in the way of a burst (milliseconds). */
const QUIET = 20;

const answer = (message: FromWriter): void => port.postMessage(message);
const writer = new LogWriter(openForWriting(path, synchronous), synchronous);
answer({ done: true });
while (work(next()));

/** The next message; meanwhile what can wait is done bit by bit. */
function next(): ToWriter {
  for (let patience = QUIET; ;) {
    const rung = Atomics.load(bell, 0);
    const received = receiveMessageOnPort(port) as { readonly message: ToWriter } | undefined;
    if (received !== undefined) return received.message;
    if (Atomics.wait(bell, 0, rung, patience) === 'timed-out') patience = writer.idle() ? 0 : Infinity;
  }
}

function work(message: ToWriter): boolean {
  if ('close' in message) {
    writer.close();
    answer({ closed: true });
    return false;
  }
  if ('trim' in message) {
    writer.trim(message.trim);
    return true;
  }
  try {
    writer.append(message.append);
    answer({ done: true });
  } catch (error) {
    answer({ failed: error instanceof Error ? error : new Error(String(error)) });
  }
  writer.relieve(message.append.rows.length);
  return true;
}
