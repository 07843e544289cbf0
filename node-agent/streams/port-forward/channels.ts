/** Port-forward over plain WebSocket: channels 2n and 2n+1 carry the data and the errors of the nth port of the query. */
import type { WebSocket } from 'ws';
import { channelSocket, closeSocket } from '../command-websocket.ts';
import type { PodDialer } from './dialer.ts';
import { portOf, type Describe } from './pairs.ts';

export const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''];
/** Channels are one byte, two for each port; in the base64 dialect one digit. */
const MAX_PORTS = 127;
/** Written to a pod but not taken yet, before the client has to wait. */
const BUFFER = 1024 * 1024;

/** `port=80&port=81` or `port=80,81`; undefined when there are none or one is no port. */
export function portsOf(query: URLSearchParams): readonly number[] | undefined {
  const ports = query
    .getAll('port')
    .flatMap((text) => text.split(','))
    .map((text) => portOf(text.trim()));
  if (ports.length === 0 || ports.length > MAX_PORTS || ports.includes(undefined)) return undefined;
  return ports as readonly number[];
}

export async function channelForward(ws: WebSocket, base64: boolean, ports: readonly number[], dialer: PodDialer, describe: Describe): Promise<void> {
  const channels = channelSocket(ws, base64);
  const early: Buffer[][] = ports.map(() => []);
  const write: ((data: Buffer) => void)[] = early.map((list) => (data) => void list.push(data));
  const closed = new Promise<void>((resolve) => void ws.once('close', resolve));
  channels.onMessage((channel, data) => {
    if (channel % 2 === 0 && data.length > 0) write[channel / 2]?.(data);
  });
  for (const [index, port] of ports.entries()) {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    channels.send(2 * index, number);
    channels.send(2 * index + 1, number);
  }
  const one = async (port: number, index: number): Promise<void> => {
    try {
      const socket = await dialer.connect(port);
      write[index] = (data) => {
        socket.write(data, () => {
          if (socket.writableLength < BUFFER) ws.resume();
        });
        if (socket.writableLength > BUFFER) ws.pause();
      };
      for (const data of early[index]!) socket.write(data);
      const output = channels.output(2 * index).on('error', () => undefined);
      socket.on('error', () => undefined);
      socket.pipe(output);
      const ended = new Promise<void>((resolve) => void socket.once('close', resolve));
      void closed.then(() => socket.destroy());
      await ended;
    } catch (error) {
      channels.send(2 * index + 1, Buffer.from(describe(port, error as Error), 'utf8'));
    }
  };
  await Promise.race([closed, Promise.all(ports.map(one))]);
  await closeSocket(ws);
}
