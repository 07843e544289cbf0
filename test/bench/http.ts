/**
 * The load generator's HTTP: one TLS connection a client, requests one after the other, answers counted but not kept. Node's own HTTP client takes as much
 * processor time as a server's answer; this one takes a fifth of it, and leaves the rest of two shared cores to what is measured.
 */
import { once } from 'node:events';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { connection, type Connection } from '../../cli/api/kubeconfig.ts';

export interface Answer {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** The body as text where it was asked for. */
  readonly text: string;
}

export interface Client {
  /** One at a time. @throws the connection broke */
  send(method: string, path: string, body?: string | Uint8Array, type?: string, keep?: boolean): Promise<Answer>;
  /** A streamed answer: `chunk` gets what arrives, framing included. Resolves when the headers have come; nothing else may follow on this connection. */
  stream(path: string, chunk: (bytes: Buffer) => void): Promise<number>;
  close(): void;
}

export interface Target {
  readonly access: Connection;
  client(): Promise<Client>;
}

export function targetOf(kubeconfig: string): Target {
  const access = connection({ kubeconfig });
  const url = new URL(access.server);
  const options: ConnectionOptions = {
    host: url.hostname,
    port: Number(url.port === '' ? 443 : url.port),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: !access.insecure,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.cert === undefined ? {} : { cert: access.cert }),
    ...(access.key === undefined ? {} : { key: access.key }),
    ...(access.serverName === undefined ? {} : { servername: access.serverName }),
  };
  const common = `Host: ${url.host}\r\nAccept: application/json\r\n${access.token === undefined ? '' : `Authorization: Bearer ${access.token}\r\n`}`;
  return {
    access,
    async client() {
      const socket = connect(options);
      socket.setNoDelay(true);
      await once(socket, 'secureConnect');
      return new TlsClient(socket, common);
    },
  };
}

const HEADERS_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('0\r\n\r\n');

class TlsClient implements Client {
  readonly #socket: TLSSocket;
  readonly #common: string;
  #received: (bytes: Buffer) => void = () => {};
  #broken: (error: Error) => void = () => {};
  #gone: Error | undefined;

  constructor(socket: TLSSocket, common: string) {
    this.#socket = socket;
    this.#common = common;
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  #end(error: Error): void {
    this.#gone ??= error;
    this.#broken(this.#gone);
  }

  send(method: string, path: string, body?: string | Uint8Array, type = 'application/json', keep = false): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      this.#broken = reject;
      const answer = new AnswerReader(keep);
      this.#received = (bytes) => {
        if (answer.take(bytes)) resolve(answer);
      };
      const sent = body === undefined ? '' : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
      const head = `${method} ${path} HTTP/1.1\r\n${this.#common}${sent}\r\n`;
      this.#socket.write(body instanceof Uint8Array ? Buffer.concat([Buffer.from(head), body]) : `${head}${body ?? ''}`);
    });
  }

  stream(path: string, chunk: (bytes: Buffer) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#broken = reject;
      let head = Buffer.alloc(0);
      this.#received = (bytes) => {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf(HEADERS_END);
        if (end < 0) return;
        this.#received = chunk;
        resolve(statusOf(head));
        if (head.length > end + 4) chunk(head.subarray(end + 4));
      };
      this.#socket.write(`GET ${path} HTTP/1.1\r\n${this.#common}\r\n`);
    });
  }

  close(): void {
    this.#broken = () => {};
    this.#socket.destroy();
  }
}

/** `HTTP/1.1 200 OK` */
const statusOf = (head: Buffer): number => Number(head.toString('latin1', 9, 12));

/** Follows one answer to its end. Only the two framings that Kubernetes servers use: a length, or chunks. */
class AnswerReader implements Answer {
  status = 0;
  length = 0;
  text = '';
  readonly #keep: boolean;
  #head: Buffer | undefined;
  /** Bytes of the body still to come; `undefined` while the headers are, -1 for chunks. */
  #left: number | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  /** True when the answer is whole. */
  take(bytes: Buffer): boolean {
    if (this.#left !== undefined) return this.#body(bytes);
    const head = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    this.#head = head;
    const end = head.indexOf(HEADERS_END);
    if (end < 0) return false;
    this.status = statusOf(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head.toString('latin1', 0, end))?.[1];
    this.#left = length === undefined ? -1 : Number(length);
    return this.#body(head.subarray(end + 4));
  }

  #body(bytes: Buffer): boolean {
    this.length += bytes.length;
    if (this.#keep) this.text += bytes.toString();
    if (this.#left !== -1) return (this.#left! -= bytes.length) <= 0;
    this.#tail = bytes.length >= CHUNKS_END.length ? bytes.subarray(-CHUNKS_END.length) : Buffer.concat([this.#tail, bytes]).subarray(-CHUNKS_END.length);
    return this.#tail.equals(CHUNKS_END);
  }
}
