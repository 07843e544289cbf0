/** The actions that probes and lifecycle hooks have in common. */
import { Writable } from 'node:stream';
import type { Clock } from '#machinery/clock.ts';
import { pause } from '../api/pause.ts';
import type { Action, Container } from '../pods/pod.ts';
import type { ContainerRuntime } from '../runtime/port.ts';
import { httpGet, portOf } from './http.ts';

const net = process.getBuiltinModule('node:net');

/** Of a command's output only this much is kept. */
const MAX_OUTPUT_BYTES = 10 * 1024;

export interface ActionContext {
  readonly runtime: Pick<ContainerRuntime, 'exec'>;
  readonly clock: Clock;
}

export interface ActionTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  readonly limitMs: number;
}

export class LimitReached extends Error {
  readonly code = 'LimitReached';
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    stream: new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (size < MAX_OUTPUT_BYTES) chunks.push(chunk.subarray(0, MAX_OUTPUT_BYTES - size));
        size += chunk.length;
        done();
      },
    }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Aborts when the limit is reached. */
export async function limited<T>(clock: Clock, limitMs: number, work: (signal: AbortSignal) => Promise<T>, what: string): Promise<T> {
  const limit = new AbortController();
  const expired = new LimitReached(`${what} timed out after ${limitMs / 1000}s`);
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () => {
    limit.abort(expired);
    reject(expired);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([work(limit.signal), promise]);
  } finally {
    cancel();
  }
}

export function runCommand(context: ActionContext, command: readonly string[], target: ActionTarget): Promise<{ readonly code: number; readonly output: string }> {
  const output = collector();
  return limited(
    context.clock,
    target.limitMs,
    async (signal) => ({
      code: await context.runtime.exec(target.containerId, { command, tty: false, stdout: output.stream, stderr: output.stream, signal }),
      output: output.text(),
    }),
    `command ${JSON.stringify(command.join(' '))}`,
  );
}

/** Connects and hangs up. */
export function knock(context: ActionContext, host: string, port: number, limitMs: number): Promise<void> {
  return limited(
    context.clock,
    limitMs,
    (signal) =>
      new Promise<void>((resolve, reject) => {
        const socket = net.connect({ host, port, signal });
        socket.once('connect', () => {
          socket.destroy();
          resolve();
        });
        socket.once('error', reject);
      }),
    `dial tcp ${host}:${port}: i/o`,
  );
}

/** A lifecycle hook: rejects when it failed. Of HTTP any answer is good enough. */
export async function runAction(context: ActionContext, action: Action, target: ActionTarget): Promise<void> {
  if (action.exec !== undefined) {
    const { code, output } = await runCommand(context, action.exec.command ?? [], target);
    if (code !== 0) throw new Error(`command '${(action.exec.command ?? []).join(' ')}' exited with ${code}: ${output}`);
  } else if (action.httpGet !== undefined) {
    const { httpGet: request } = action;
    await limited(context.clock, target.limitMs, (signal) => httpGet(request, target.container, target.podIP, signal), 'http request');
  } else if (action.tcpSocket !== undefined) {
    await knock(context, action.tcpSocket.host ?? target.podIP, portOf(action.tcpSocket.port, target.container), target.limitMs);
  } else if (action.sleep !== undefined) {
    await pause(context.clock, Math.min(action.sleep.seconds * 1000, target.limitMs));
  }
}
