/** What the writer's thread runs. It sleeps on the bell, not in an event loop: see writer-thread.ts. */
import { isMainThread, type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { LogWriter } from './log-writer.ts';
import { openForWriting } from './schema.ts';
import type { FromWriter, ToWriter, WriterThreadData } from './writer-thread.ts';

/** Quiet time before trims and checkpoints begin, so that they do not get in the way of a burst (milliseconds). */
const QUIET = 20;

function run({ path, synchronous, port, bell }: WriterThreadData): void {
  const writer = new LogWriter(openForWriting(path, synchronous), synchronous);
  answer(port, { done: true });
  while (work(writer, port, next(writer, port, bell)));
}

const answer = (port: MessagePort, message: FromWriter): void => port.postMessage(message);

/** The next message; meanwhile what can wait is done bit by bit. */
function next(writer: LogWriter, port: MessagePort, bell: Int32Array): ToWriter {
  for (let patience = QUIET; ;) {
    const rung = Atomics.load(bell, 0);
    const received = receiveMessageOnPort(port) as { readonly message: ToWriter } | undefined;
    if (received !== undefined) return received.message;
    if (Atomics.wait(bell, 0, rung, patience) === 'timed-out') patience = writer.idle() ? 0 : Infinity;
  }
}

function work(writer: LogWriter, port: MessagePort, message: ToWriter): boolean {
  if ('close' in message) {
    writer.close();
    answer(port, { closed: true });
    return false;
  }
  if ('trim' in message) {
    writer.trim(message.trim);
    return true;
  }
  try {
    writer.append(message.append);
    answer(port, { done: true });
  } catch (error) {
    answer(port, { failed: error instanceof Error ? error : new Error(String(error)) });
  }
  writer.relieve(message.append.rows.length);
  return true;
}

// a program that wants its code compiled ahead loads this file in its main thread
if (!isMainThread) run(workerData as WriterThreadData);
