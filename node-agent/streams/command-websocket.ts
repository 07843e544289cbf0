/** exec and attach over WebSocket: each message begins with its channel (kubernetes.md 3.9). */
import type { IncomingMessage } from 'node:http';
import { Readable, Writable, type Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Status } from '#machinery/status.ts';
import type { CommandOptions, CommandSession } from './port.ts';
import { terminalSizes } from './sizes.ts';
import { acceptWebSocket } from './upgrade.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;
const NORMAL = 1000;
/** A client that does not answer our close gets no more than this. */
const CLOSE_WAIT_MS = 5_000;
const STDIN_BUFFER = 1024 * 1024;

export const COMMAND_PROTOCOLS = ['v5.channel.k8s.io', 'v5.base64.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', ''];

/** Messages with a channel in front, in the binary or the base64 dialect. */
export function channelSocket(ws: WebSocket, base64: boolean) {
  return {
    send(channel: number, data: Buffer, callback?: (error?: Error | null) => void): void {
      if (base64) ws.send(`${channel}${data.toString('base64')}`, { binary: false }, (error) => callback?.(error));
      else ws.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true }, (error) => callback?.(error));
    },
    onMessage(listener: (channel: number, data: Buffer) => void): void {
      ws.on('message', (data) => {
        const bytes = data as Buffer;
        if (bytes.length === 0) return;
        if (base64) listener(bytes[0]! - 0x30, Buffer.from(bytes.toString('latin1', 1), 'base64'));
        else listener(bytes[0]!, bytes.subarray(1));
      });
    },
    output(channel: number): Writable {
      return new Writable({ write: (chunk: Buffer, _encoding, callback) => this.send(channel, chunk, callback) });
    },
  };
}

/** Sends a normal close and waits until the client agreed. */
export function closeSocket(ws: WebSocket): Promise<void> {
  if (ws.readyState === ws.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => ws.terminate(), CLOSE_WAIT_MS);
    ws.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    // A paused socket would never read the client's answer.
    ws.resume();
    ws.close(NORMAL);
  });
}

/** Readable that pauses the whole socket while its reader is slow. */
export function pausingInput(ws: WebSocket, limit: number): Readable {
  return new Readable({ highWaterMark: limit, read: () => ws.resume() });
}

export async function webSocketCommand(request: IncomingMessage, socket: Duplex, head: Buffer, options: CommandOptions): Promise<CommandSession | undefined> {
  const accepted = await acceptWebSocket(request, socket, head, COMMAND_PROTOCOLS);
  if (accepted === undefined) return undefined;
  const { ws, protocol } = accepted;
  const version = Number(/^v(\d)\./.exec(protocol)?.[1] ?? 1);
  const channels = channelSocket(ws, protocol.includes('base64'));
  const gone = new AbortController();
  const stdin = options.stdin ? pausingInput(ws, STDIN_BUFFER) : undefined;
  const stdout = options.stdout ? channels.output(STDOUT) : undefined;
  const stderr = options.stderr && !options.tty ? channels.output(STDERR) : undefined;
  const sizes = options.tty ? terminalSizes() : undefined;
  // A client that went away makes writes fail; the verb hears of it by `signal`.
  for (const output of [stdout, stderr]) output?.on('error', () => undefined);

  channels.onMessage((channel, data) => {
    if (channel === STDIN && data.length > 0 && stdin !== undefined && !stdin.readableEnded && !stdin.push(data)) ws.pause();
    else if (channel === RESIZE) sizes?.write(data.toString('utf8'));
    else if (channel === CLOSE && version >= 5 && data[0] === STDIN) stdin?.push(null);
  });
  ws.on('close', () => {
    stdin?.push(null);
    sizes?.end();
    gone.abort(new Error('the client went away'));
    stdout?.destroy();
    stderr?.destroy();
  });
  // Tells the client that the streams are there, as the kubelet does.
  channels.send(options.stdout ? STDOUT : options.stderr ? STDERR : ERROR, Buffer.alloc(0));

  return {
    stdin,
    stdout,
    stderr,
    resize: sizes,
    signal: gone.signal,
    async finish(outcome: Status) {
      sizes?.end();
      // Before version 4 the error channel has plain text, and nothing where all went well.
      const text = version >= 4 ? JSON.stringify(outcome) : outcome.status === 'Success' ? '' : (outcome.message ?? '');
      if (ws.readyState === ws.OPEN && text !== '') channels.send(ERROR, Buffer.from(text, 'utf8'));
      await closeSocket(ws);
    },
  };
}
