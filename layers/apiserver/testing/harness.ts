/** An API server over a store in memory, driven with requests as a client would send them. */
import { AUTHENTICATED_GROUP } from '../authn/port.ts';
import type { ApiRequest, ApiResponse, StreamSink } from '../door.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../server.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Store } from '#store/port.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  readonly text: string;
  readonly bytes: Buffer;
  // tests look into bodies of all kinds
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

/** An open watch: events as they come. */
export interface Stream {
  readonly events: { readonly type: string; readonly object: Record<string, unknown> & { metadata: Record<string, unknown> } }[];
  readonly raw: Buffer[];
  readonly ended: boolean;
  /** False from `write` until `drain` is called. */
  slow: boolean;
  drain(): void;
  close(): void;
  until(count: number): Promise<void>;
}

export interface Harness {
  readonly server: ApiServer;
  readonly store: Store;
  readonly logged: unknown[];
  request(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  watch(url: string, headers?: Record<string, string>): Promise<Stream>;
  close(): Promise<void>;
}

export async function startHarness(options: Partial<ApiServerOptions> = {}): Promise<Harness> {
  const store = await openEmbeddedStore({ directory: ':memory:', cluster: 'test', clock: options.clock ?? systemClock });
  const logged: unknown[] = [];
  const server = createApiServer({
    store,
    registry: builtInKinds(),
    authenticator: { authenticate: async () => ({ name: 'admin', groups: ['system:masters', AUTHENTICATED_GROUP] }) },
    authorizer: { authorize: () => ({ outcome: 'allow', reason: '' }) },
    admission: [],
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    log: (_, error) => void logged.push(error),
    ...options,
  });
  return {
    server,
    store,
    logged,
    async request(method, url, body, headers = {}) {
      const response = await server.handle(requestOf(method, url, body, headers));
      const bytes = await bytesOf(response);
      const text = bytes.toString();
      return {
        status: response.status,
        headers: response.headers,
        text,
        bytes,
        get json() {
          return JSON.parse(text) as unknown;
        },
      };
    },
    async watch(url, headers = {}) {
      const response = await server.handle(requestOf('GET', url, undefined, headers));
      if (response.status !== 200) throw new Error(`watch answered ${response.status}: ${(await bytesOf(response)).toString()}`);
      return streamOf(response);
    },
    async close() {
      await store.close();
    },
  };
}

function requestOf(method: string, url: string, body: unknown, headers: Record<string, string>): ApiRequest {
  const at = url.indexOf('?');
  return {
    method,
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    signal: new AbortController().signal,
  };
}

function bytesOf(response: ApiResponse): Promise<Buffer> {
  const { body } = response;
  if (typeof body === 'string') return Promise.resolve(Buffer.from(body));
  if (body instanceof Uint8Array) return Promise.resolve(Buffer.from(body));
  if (Array.isArray(body)) return Promise.resolve(Buffer.concat(body as Uint8Array[]));
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    (body as { start(sink: StreamSink): void }).start({
      write: (bytes) => parts.push(bytes) > 0,
      end: () => resolve(Buffer.concat(parts)),
      abort: () => reject(new Error('aborted')),
      onDrain: () => undefined,
      onClose: () => undefined,
    });
  });
}

function streamOf(response: ApiResponse): Stream {
  const closers: (() => void)[] = [];
  const drains: (() => void)[] = [];
  const waiters: { count: number; done: () => void }[] = [];
  const stream = {
    events: [] as Stream['events'],
    raw: [] as Buffer[],
    ended: false,
    slow: false,
    drain() {
      stream.slow = false;
      for (const drain of drains) drain();
    },
    close() {
      for (const close of closers) close();
    },
    until(count: number) {
      return stream.events.length >= count ? Promise.resolve() : new Promise<void>((done) => waiters.push({ count, done }));
    },
  };
  const json = String(response.headers['content-type']).startsWith('application/json');
  (response.body as { start(sink: StreamSink): void }).start({
    write(bytes) {
      stream.raw.push(Buffer.from(bytes));
      // one write may hold several events, each a line
      for (const line of json ? Buffer.from(bytes).toString().split('\n') : []) if (line !== '') stream.events.push(JSON.parse(line) as Stream['events'][number]);
      for (const waiter of waiters) if (stream.events.length >= waiter.count) waiter.done();
      return !stream.slow;
    },
    end() {
      stream.ended = true;
    },
    abort() {
      stream.ended = true;
    },
    onDrain: (callback) => void drains.push(callback),
    onClose: (callback) => void closers.push(callback),
  });
  return stream;
}
