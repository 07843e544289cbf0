/**
 * One end of a SPDY/3 connection over any duplex: a TLS socket after `Upgrade: SPDY/3.1`, or the messages of a WebSocket. Streams are ordinary Node
 * duplexes that may be half-closed. There is no flow control (Kubernetes' clients neither send nor heed windows): a stream whose reader is slow
 * is buffered up to a limit, then the whole connection waits.
 */
import { Duplex } from 'node:stream';
import { controlFrame, dataHead, frameReader, GOAWAY, PING, RST_STREAM, SYN_REPLY, SYN_STREAM, uint32, type Frame } from './frames.ts';
import { headerReader, headerWriter, SpdyError, type Headers } from './headers.ts';

const STREAM_BUFFER = 1024 * 1024;
/** Larger writes are cut so that streams share the connection. */
const MAX_PIECE = 64 * 1024;
const CANCEL = 5;
const INVALID_STREAM = 2;

export interface SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
}

export interface SpdyConnection {
  /** Opens a stream towards the peer. */
  open(headers: Headers): SpdyStream;
  /** Says goodbye and ends the transport once everything was written. */
  close(): void;
  destroy(error?: Error): void;
  readonly streams: ReadonlyMap<number, SpdyStream>;
  readonly closed: Promise<void>;
  onClose(listener: () => void): void;
  ping(): void;
}

class Stream extends Duplex implements SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  readonly connection: Connection;
  /** The peer has sent its last byte. */
  remoteEnded = false;
  localEnded = false;
  reset = false;
  constructor(id: number, headers: Headers, connection: Connection) {
    super({ allowHalfOpen: true, readableHighWaterMark: STREAM_BUFFER });
    this.id = id;
    this.headers = headers;
    this.connection = connection;
    // A write that comes after the connection closed fails; whoever pipes into the stream sees it end. Unheard, it would end the process.
    this.on('error', () => undefined);
  }
  override _read(): void {
    this.connection.unblock(this);
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.connection.sendData(this.id, chunk, callback);
  }
  override _final(callback: (error?: Error | null) => void): void {
    this.localEnded = true;
    this.connection.sendEnd(this, callback);
  }
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.connection.forget(this);
    callback(error);
  }
}

class Connection implements SpdyConnection {
  readonly streams = new Map<number, Stream>();
  readonly closed: Promise<void>;
  readonly transport: Duplex;
  readonly onStream: (stream: SpdyStream) => void;
  readonly blocked = new Set<Stream>();
  readonly readHeaders = headerReader();
  readonly writeHeaders = headerWriter();
  nextId: number;
  nextPing: number;
  ending = false;
  lastPeerStream = 0;

  constructor(transport: Duplex, role: 'server' | 'client', onStream: (stream: SpdyStream) => void) {
    this.transport = transport;
    this.onStream = onStream;
    this.nextId = role === 'server' ? 2 : 1;
    this.nextPing = this.nextId;
    const read = frameReader((frame) => this.receive(frame));
    transport.on('data', (chunk: Buffer) => {
      try {
        read(chunk);
      } catch (error) {
        this.destroy(error as Error);
      }
    });
    // Whoever read the handshake may have paused it.
    transport.resume();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    transport.on('error', () => undefined);
    transport.on('end', () => transport.end());
    transport.on('close', () => {
      for (const stream of this.streams.values()) stream.destroy();
      resolve();
    });
  }

  receive(frame: Frame): void {
    if (!frame.control) return this.receiveData(frame);
    const { data } = frame;
    switch (frame.type) {
      case SYN_STREAM: {
        const id = data.readUInt32BE(0) & 0x7fffffff;
        // Unpacked even when refused: the blocks after it build on it.
        const headers = this.readHeaders(data.subarray(10));
        if (this.ending || this.streams.has(id) || id <= this.lastPeerStream) return this.sendReset(id, INVALID_STREAM);
        this.lastPeerStream = id;
        const stream = new Stream(id, headers, this);
        this.streams.set(id, stream);
        this.send(controlFrame(SYN_REPLY, Buffer.concat([uint32(id), this.writeHeaders(new Map())])));
        if (frame.fin) this.endOf(stream);
        this.onStream(stream);
        return;
      }
      case SYN_REPLY:
        this.readHeaders(data.subarray(4));
        return;
      case RST_STREAM: {
        const stream = this.streams.get(data.readUInt32BE(0) & 0x7fffffff);
        if (stream === undefined) return;
        stream.reset = true;
        stream.destroy();
        return;
      }
      case PING:
        // Odd numbers are the client's, even ones ours: an answer is not answered.
        if ((data.readUInt32BE(0) & 1) !== (this.nextPing & 1)) this.send(controlFrame(PING, data.subarray(0, 4)));
        return;
      case GOAWAY:
        this.ending = true;
        return;
      default:
      // SETTINGS, HEADERS and WINDOW_UPDATE carry nothing that is used here.
    }
  }

  receiveData({ streamId, fin, data }: { readonly streamId: number; readonly fin: boolean; readonly data: Buffer }): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.remoteEnded) return;
    if (data.length > 0 && !stream.push(data)) {
      this.blocked.add(stream);
      this.transport.pause();
    }
    if (fin) this.endOf(stream);
  }

  endOf(stream: Stream): void {
    stream.remoteEnded = true;
    stream.push(null);
  }

  unblock(stream: Stream): void {
    if (this.blocked.delete(stream) && this.blocked.size === 0) this.transport.resume();
  }

  send(bytes: Buffer, callback?: (error?: Error | null) => void): void {
    if (this.transport.destroyed || this.transport.writableEnded) {
      callback?.(new SpdyError('the connection is closed'));
      return;
    }
    this.transport.write(bytes, callback);
  }

  sendData(id: number, chunk: Buffer, callback: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; at += MAX_PIECE) {
      const piece = chunk.subarray(at, at + MAX_PIECE);
      this.send(Buffer.concat([dataHead(id, piece.length, false), piece]), at + MAX_PIECE >= chunk.length ? callback : undefined);
    }
    if (chunk.length === 0) callback();
  }

  sendEnd(stream: Stream, callback: (error?: Error | null) => void): void {
    this.send(dataHead(stream.id, 0, true), callback);
  }

  sendReset(id: number, status: number): void {
    this.send(controlFrame(RST_STREAM, uint32(id, status)));
  }

  forget(stream: Stream): void {
    this.unblock(stream);
    this.streams.delete(stream.id);
    if (!stream.reset && !(stream.localEnded && stream.remoteEnded)) this.sendReset(stream.id, CANCEL);
  }

  open(headers: Headers): SpdyStream {
    const stream = new Stream(this.nextId, headers, this);
    this.nextId += 2;
    this.streams.set(stream.id, stream);
    this.send(controlFrame(SYN_STREAM, Buffer.concat([uint32(stream.id, 0), Buffer.from([0, 0]), this.writeHeaders(headers)])));
    return stream;
  }

  onClose(listener: () => void): void {
    this.transport.once('close', listener);
  }

  ping(): void {
    this.send(controlFrame(PING, uint32(this.nextPing)));
    this.nextPing += 2;
  }

  close(): void {
    if (this.ending && this.transport.writableEnded) return;
    this.ending = true;
    this.send(controlFrame(GOAWAY, uint32(this.lastPeerStream, 0)));
    this.transport.end();
  }

  destroy(error?: Error): void {
    this.transport.destroy(error);
  }
}

/** `onStream` gets every stream that the peer opens. The transport belongs to the connection from now on. */
export function spdyConnection(transport: Duplex, role: 'server' | 'client', onStream: (stream: SpdyStream) => void): SpdyConnection {
  return new Connection(transport, role, onStream);
}
