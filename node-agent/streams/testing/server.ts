/** A kubelet API with a runtime of a few scripted commands, and clients for its protocols. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { ensurePki } from '#infra/local/pki/pki.ts';
import type { ContainerRuntime, ExecOptions } from '../../runtime/port.ts';
import type { ContainerTarget, KubeletServer, StreamPods } from '../port.ts';
import { startKubeletServer } from '../server.ts';
import { spdyConnection, type SpdyConnection } from '../spdy/connection.ts';

const write = (stream: NodeJS.WritableStream | undefined, text: string | Buffer): Promise<void> =>
  new Promise((resolve, reject) => (stream === undefined ? resolve() : stream.write(text, (error) => (error ? reject(error) : resolve()))));

export const BIG = 8 * 1024 * 1024;

export interface Seen {
  /** What the last command that waits was told. */
  aborted: boolean;
  sizes: { readonly width: number; readonly height: number }[];
  written: number;
}

function scripted(seen: Seen): Pick<ContainerRuntime, 'exec' | 'attach' | 'logs'> {
  const cat = async (options: Omit<ExecOptions, 'command'>): Promise<void> => {
    for await (const chunk of options.stdin ?? []) await write(options.stdout, chunk as Buffer);
  };
  return {
    async exec(_id, options) {
      const [name, argument] = options.command;
      switch (name) {
        case 'cat':
          await cat(options);
          return 0;
        case 'both':
          await write(options.stdout, 'to stdout');
          await write(options.stderr, 'to stderr');
          return 0;
        case 'exit':
          return Number(argument);
        case 'big':
          for (let left = BIG; left > 0; left -= 65536) {
            await write(options.stdout, Buffer.alloc(65536, 0x61));
            seen.written += 65536;
          }
          return 0;
        case 'size':
          for await (const size of options.resize ?? []) {
            seen.sizes.push(size);
            if (seen.sizes.length === 2) return 0;
          }
          return 1;
        case 'wait':
          await new Promise((resolve) => options.signal?.addEventListener('abort', resolve));
          seen.aborted = true;
          throw new Error('aborted');
        default:
          throw new Error(`no such program: ${name}`);
      }
    },
    attach: (_id, options) => cat(options),
    async logs(id, options) {
      const lines = ['first\n', 'second\n', 'third\n'].slice(options.tailLines === undefined ? 0 : Math.max(0, 3 - options.tailLines));
      for (const line of lines) await write(options.stdout, `${options.timestamps ? '2026-01-01T00:00:00.000000000Z ' : ''}${id}: ${line}`);
      await write(options.stderr, `${id}: complaint\n`);
      if (!options.follow) return;
      await new Promise((resolve) => options.signal?.addEventListener('abort', resolve));
      seen.aborted = true;
    },
  };
}

export interface TestServer {
  readonly server: KubeletServer;
  readonly seen: Seen;
  get(path: string, options?: RequestOptions): Promise<{ readonly status: number; readonly text: string; readonly response: IncomingMessage }>;
  stream(path: string): Promise<IncomingMessage>;
  ws(path: string, protocols: readonly string[]): WebSocket;
  spdy(path: string, protocols: readonly string[]): Promise<{ readonly connection: SpdyConnection; readonly protocol: string | undefined }>;
  tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  close(): Promise<void>;
}

export async function testServer(
  pods?: Partial<StreamPods>,
  credentials: { readonly commonName: string; readonly organizations?: readonly string[] } = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] },
): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kubelet-'));
  const pki = await ensurePki(directory, 'test', Date.now());
  const serving = await pki.leaf({ file: 'node', commonName: 'system:node:n1', usage: 'server', addresses: ['127.0.0.1'] });
  const client = await pki.leaf({ file: 'client', usage: 'client', ...credentials });
  const read = (file: string): Buffer => readFileSync(file);
  const clientCA = read(pki.caFile);
  const tls = { ca: clientCA, cert: read(client.certFile), key: read(client.keyFile) };
  const seen: Seen = { aborted: false, sizes: [], written: 0 };
  const running: ContainerTarget = { id: 'c1', state: 'running', tty: false, stdin: true };
  const server = await startKubeletServer({
    nodeName: 'n1',
    address: '127.0.0.1',
    port: 0,
    tls: { cert: read(serving.certFile), key: read(serving.keyFile), clientCA },
    runtime: scripted(seen),
    stats: { summary: async () => ({ node: { nodeName: 'n1' } }), resourceMetrics: async () => '# HELP x\n' },
    pods: {
      pod: (_namespace, name) => (name === 'p' ? { uid: 'u1', hostNetwork: true } : undefined),
      container: (_namespace, _pod, name) => {
        if (name === 'c') return running;
        if (name === 'crashed') return { id: 'c2', previousId: 'c1', state: 'exited', tty: false, stdin: false };
        if (name === 'pulling') return { state: 'waiting', waitingReason: 'ImagePullBackOff', tty: false, stdin: false };
        return undefined;
      },
      list: () => [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'd' } }],
      running: () => [],
      ...pods,
    },
  });
  const at = { host: '127.0.0.1', port: server.port, ...tls };
  const stream = (path: string, options: RequestOptions = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ ...at, path, agent: false, ...options }, resolve)
        .on('error', reject)
        .end();
    });
  return {
    server,
    seen,
    tls,
    stream,
    async get(path, options) {
      const response = await stream(path, options);
      return { status: response.statusCode ?? 0, text: await all(response), response };
    },
    ws: (path, protocols) => new WebSocket(`wss://127.0.0.1:${server.port}${path}`, [...protocols], tls),
    async spdy(path, protocols) {
      const socket = connect(at);
      const lines = protocols.map((protocol) => `X-Stream-Protocol-Version: ${protocol}\r\n`).join('');
      socket.write(`POST ${path} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${lines}Content-Length: 0\r\n\r\n`);
      const answer = await head(socket);
      if (!answer.startsWith('HTTP/1.1 101')) throw new Error(answer);
      return { connection: spdyConnection(socket, 'client', () => undefined), protocol: /x-stream-protocol-version: (\S+)/i.exec(answer)?.[1] };
    },
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The answer's head; what follows it goes back. */
function head(socket: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData).pause();
      socket.unshift(seen.subarray(end + 4));
      resolve(seen.toString('latin1', 0, end));
    };
    socket.on('data', onData).once('error', reject);
  });
}

export async function all(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Everything a command's WebSocket says: by channel, until it closes. */
export function listen(ws: WebSocket): { readonly channels: Map<number, string>; readonly closed: Promise<number>; readonly opened: Promise<void>; readonly frames: Buffer[] } {
  const channels = new Map<number, string>();
  const frames: Buffer[] = [];
  const base64 = (): boolean => ws.protocol.includes('base64');
  ws.on('message', (data: Buffer) => {
    frames.push(data);
    const channel = base64() ? data[0]! - 0x30 : data[0]!;
    const text = base64() ? Buffer.from(data.toString('latin1', 1), 'base64').toString() : data.toString('utf8', 1);
    channels.set(channel, (channels.get(channel) ?? '') + text);
  });
  return {
    channels,
    frames,
    closed: new Promise((resolve) => void ws.once('close', resolve)),
    opened: new Promise((resolve, reject) => void ws.once('open', () => resolve()).once('error', reject)),
  };
}

export const stream = (connection: SpdyConnection, type: string, more: Readonly<Record<string, string>> = {}) =>
  connection.open(new Map([['streamtype', type], ...Object.entries(more)]));
