/** `/exec/{namespace}/{pod}/{container}` and `/attach/...`: from a request to a command in a container and its outcome. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { commandExited, internalError, success, type Status } from '#machinery/status.ts';
import { spdyCommand } from './command-spdy.ts';
import { webSocketCommand } from './command-websocket.ts';
import type { CommandOptions, CommandSession, KubeletServerOptions } from './port.ts';
import { isSpdy, isWebSocket, refuse } from './upgrade.ts';

export const flag = (query: URLSearchParams, ...names: readonly string[]): boolean => names.some((name) => /^(1|t|true)$/i.test(query.get(name) ?? ''));

/** The kubelet's names (`input`) and the API's (`stdin`) for the same. A terminal has one output. */
export function commandOptions(query: URLSearchParams): CommandOptions {
  const tty = flag(query, 'tty');
  return { tty, stdin: flag(query, 'input', 'stdin'), stdout: flag(query, 'output', 'stdout'), stderr: flag(query, 'error', 'stderr') && !tty };
}

async function run(options: KubeletServerOptions, verb: 'exec' | 'attach', id: string, command: readonly string[], tty: boolean, session: CommandSession): Promise<Status> {
  const { stdin, stdout, stderr, resize, signal } = session;
  const streams = {
    tty,
    ...(stdin === undefined ? {} : { stdin }),
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
    ...(resize === undefined ? {} : { resize }),
  };
  try {
    if (verb === 'attach') {
      await options.runtime.attach(id, { ...streams, signal });
      return success();
    }
    // A terminal that goes away hangs up its command; without one it runs on, as it does under a kubelet.
    const code = await options.runtime.exec(id, { ...streams, command, ...(tty ? { signal } : {}) });
    return code === 0 ? success() : commandExited(code);
  } catch (error) {
    const what = verb === 'exec' ? 'error executing command in container' : 'error attaching to container';
    return internalError(`${what}: ${(error as Error).message}`).status;
  }
}

export async function serveCommand(
  options: KubeletServerOptions,
  verb: 'exec' | 'attach',
  [namespace, pod, container]: readonly [string, string, string],
  query: URLSearchParams,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const wanted = commandOptions(query);
  const command = query.getAll('command');
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) return refuse(socket, 400, 'you must specify at least 1 of stdin, stdout, stderr');
  if (verb === 'exec' && command.length === 0) return refuse(socket, 400, 'you must specify a command');
  if ((await options.pods.pod(namespace, pod)) === undefined) return refuse(socket, 404, 'pod does not exist');
  const target = await options.pods.container(namespace, pod, container);
  if (target?.id === undefined || target.state !== 'running') return refuse(socket, 500, `container not found (${JSON.stringify(container)})`);
  const session = isWebSocket(request)
    ? await webSocketCommand(request, socket, head, wanted)
    : isSpdy(request)
      ? await spdyCommand(request, socket, head, wanted)
      : refuse(socket, 400, 'unable to upgrade: missing upgrade headers in request');
  if (session === undefined) return;
  const outcome = await run(options, verb, target.id, command, verb === 'attach' ? target.tty : wanted.tty, session);
  await session.finish(outcome);
}
