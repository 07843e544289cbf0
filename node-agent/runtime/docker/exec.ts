/** Commands in running containers, attach, and logs: the streaming half of the engine. */
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ContainerRuntime, ExecOptions } from '../port.ts';
import { RuntimeRefused } from '../errors.ts';
import type { DockerClient } from './client.ts';
import { DEADLINE } from './deadlines.ts';
import { copy, demultiplex } from './demultiplex.ts';
import type { DockerInspected } from './spec.ts';

/** Docker closes the stream a moment before it knows the exit code: ask a few times. */
const EXIT_LOOKS = 20;
const EXIT_LOOK_PAUSE_MS = 50;

interface ExecInspected {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function stream(socket: Duplex, head: Buffer, options: Omit<ExecOptions, 'command'>, resize: (width: number, height: number) => Promise<void>): Promise<void> {
  if (head.length > 0) socket.unshift(head);
  const abort = (): void => void socket.destroy();
  options.signal?.addEventListener('abort', abort, { once: true });
  // Errors of the socket surface in the copy loop; without a listener they would end the process.
  socket.on('error', () => undefined);
  const { stdin } = options;
  if (stdin !== undefined) {
    stdin.pipe(socket);
    stdin.on('error', abort);
  } else if (options.tty !== true) socket.end();
  const sizes = options.resize;
  if (sizes !== undefined)
    void (async () => {
      for await (const { width, height } of sizes) await resize(width, height).catch(() => undefined);
    })().catch(() => undefined);
  try {
    await (options.tty ? copy(socket, options.stdout) : demultiplex(socket, options.stdout, options.stderr));
  } finally {
    options.signal?.removeEventListener('abort', abort);
    stdin?.unpipe(socket);
    socket.destroy();
  }
}

/** Kills a command whose caller went away, if it can be seen to belong to the container. Docker itself has no verb for it. */
async function killCommand(client: DockerClient, containerId: string, execId: string): Promise<void> {
  try {
    const found = await client.json<ExecInspected>({ method: 'GET', path: `/exec/${execId}/json`, deadline: DEADLINE.inspect });
    if (!found.Running || found.Pid <= 1) return;
    const cgroup = await readFile(`/proc/${found.Pid}/cgroup`, 'utf8');
    if (cgroup.includes(containerId)) process.kill(found.Pid, 'SIGKILL');
  } catch {
    // Gone already, or Docker does not share our processes: then the command runs on.
  }
}

export async function execIn(client: DockerClient, id: string, options: ExecOptions): Promise<number> {
  const created = await client.json<{ Id: string }>({
    method: 'POST',
    path: `/containers/${id}/exec`,
    deadline: DEADLINE.exec,
    body: {
      Cmd: options.command,
      Tty: options.tty,
      AttachStdin: options.stdin !== undefined,
      AttachStdout: options.stdout !== undefined || options.tty,
      AttachStderr: options.stderr !== undefined && !options.tty,
    },
  });
  const { socket, head } = await client.hijack({
    method: 'POST',
    path: `/exec/${created.Id}/start`,
    deadline: DEADLINE.exec,
    body: { Detach: false, Tty: options.tty },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  try {
    await stream(socket, head, options, (w, h) => client.json({ method: 'POST', path: `/exec/${created.Id}/resize`, query: { w, h }, deadline: DEADLINE.exec }));
  } catch (error) {
    if (options.signal?.aborted !== true) throw error;
  }
  if (options.signal?.aborted === true) {
    await killCommand(client, id, created.Id);
    throw options.signal.reason instanceof Error ? options.signal.reason : new Error('the command was abandoned');
  }
  for (let look = 0; look < EXIT_LOOKS; look++) {
    const found = await client.json<ExecInspected>({ method: 'GET', path: `/exec/${created.Id}/json`, deadline: DEADLINE.inspect });
    if (!found.Running && found.ExitCode !== null) return found.ExitCode;
    await pause(EXIT_LOOK_PAUSE_MS * (look + 1));
  }
  throw new RuntimeRefused(500, 'the command ended, but Docker does not know its exit code');
}

export async function attachTo(client: DockerClient, id: string, options: Omit<ExecOptions, 'command'>): Promise<void> {
  const { socket, head } = await client.hijack({
    method: 'POST',
    path: `/containers/${id}/attach`,
    query: { stream: 1, stdin: options.stdin === undefined ? 0 : 1, stdout: options.stdout === undefined ? 0 : 1, stderr: options.stderr === undefined || options.tty ? 0 : 1 },
    deadline: DEADLINE.exec,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  await stream(socket, head, options, (w, h) => client.json({ method: 'POST', path: `/containers/${id}/resize`, query: { w, h }, deadline: DEADLINE.exec }));
}

/** RFC 3339 to Docker's `seconds.nanoseconds`, keeping the nanoseconds that Date would lose. */
export function dockerTime(text: string): string {
  const seconds = Math.floor(Date.parse(text) / 1000);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}

export async function readLogs(client: DockerClient, id: string, options: Parameters<ContainerRuntime['logs']>[1]): Promise<void> {
  const { Config } = await client.json<DockerInspected>({ method: 'GET', path: `/containers/${id}/json`, deadline: DEADLINE.inspect });
  const answer = await client.open({
    method: 'GET',
    path: `/containers/${id}/logs`,
    query: {
      stdout: 1,
      stderr: 1,
      follow: options.follow ? 1 : 0,
      timestamps: options.timestamps ? 1 : 0,
      tail: options.tailLines ?? 'all',
      since: options.since === undefined ? undefined : dockerTime(options.since),
    },
    deadline: DEADLINE.inspect,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const targetGone = (): void => void answer.destroy();
  options.stdout.once('close', targetGone);
  try {
    await (Config.Tty ? copy(answer, options.stdout) : demultiplex(answer, options.stdout, options.stderr));
  } catch (error) {
    // The reader went away or asked to stop: not a failure.
    if (options.signal?.aborted !== true && !options.stdout.destroyed) throw error;
  } finally {
    options.stdout.off('close', targetGone);
    answer.destroy();
    await finished(answer).catch(() => undefined);
  }
}
