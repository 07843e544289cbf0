/** Lambda in small: functions, their environments, and the Runtime API that the environments ask for work. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from '#machinery/clock.ts';
import { type Answer, Environment, INIT_LIMIT_MS } from './environment.ts';
import { type FunctionSpec, KIND, type Nastiness } from './spec.ts';

/** Lambda refuses larger events. Bytes. */
export const EVENT_LIMIT = 6 * 1024 * 1024;
/** An environment that had nothing to do for this long is ended; Lambda's own time is some minutes. */
const IDLE_LIMIT_MS = 5 * 60_000;

export class Throttled extends Error {
  readonly code = 'TooManyRequestsException';
}
export class EventTooLarge extends Error {
  readonly code = 'RequestEntityTooLargeException';
}
export class NoSuchFunction extends Error {
  readonly code = 'ResourceNotFoundException';
}

export interface Invocation {
  readonly id: string;
  readonly answer: Answer;
  /** Resolves when the environment is frozen again or gone. */
  readonly over: Promise<void>;
}

export interface LambdaOptions {
  readonly functions: readonly FunctionSpec[];
  readonly region: string;
  readonly random: Random;
  readonly nastiness?: Nastiness;
  /** Lambda's ten seconds where absent; a small machine under load needs more. */
  readonly initLimitMs?: number;
  /** Environments that begin at once, all functions together; absent: no limit. A small machine gains nothing by more than it has cores. */
  readonly startsAtOnce?: number;
  /** Variables of this machine for the processes. */
  readonly machine?: Readonly<Record<string, string>>;
  readonly log?: (functionName: string, line: string) => void;
}

export interface FunctionStats {
  readonly invocations: number;
  readonly coldStarts: number;
  readonly errors: number;
  readonly throttles: number;
  readonly discarded: number;
  /** Of the environments there are: process ids, and how long their init phase took in milliseconds. */
  readonly environments: readonly { readonly pid: number | undefined; readonly initMs: number | undefined; readonly busy: boolean }[];
}

interface Pool {
  readonly spec: FunctionSpec;
  readonly all: Set<Environment>;
  /** Frozen, the one that was used last at the end. */
  readonly free: { readonly environment: Environment; readonly since: number }[];
  counts: { invocations: number; coldStarts: number; errors: number; throttles: number; discarded: number };
}

export interface Lambda {
  /**
   * @throws Throttled, EventTooLarge, NoSuchFunction
   * @throws Error when the init phase failed
   */
  invoke(name: string, event: unknown): Promise<Invocation>;
  stats(name: string): FunctionStats;
  /** Throws away every frozen environment: the next requests are cold. */
  discardAll(): void;
  close(): Promise<void>;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function openLambda({
  functions,
  region,
  random,
  nastiness = KIND,
  initLimitMs = INIT_LIMIT_MS,
  startsAtOnce = Infinity,
  machine = {},
  log = () => undefined,
}: LambdaOptions): Promise<Lambda> {
  const pools = new Map<string, Pool>(
    functions.map((spec) => [spec.name, { spec, all: new Set(), free: [], counts: { invocations: 0, coldStarts: 0, errors: 0, throttles: 0, discarded: 0 } }]),
  );
  const byId = new Map<string, Environment>();
  let closed = false;

  const server: Server = createServer((request, response) => {
    const [, id = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const environment = byId.get(id);
    if (environment === undefined) return void response.writeHead(404).end();
    environment.serve(path, request, response).catch(() => response.destroy());
  });
  // an environment waits for its next event as long as it lives
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const sweep = setInterval(() => {
    const before = Date.now() - IDLE_LIMIT_MS;
    for (const { free } of pools.values()) while (free[0] !== undefined && free[0].since < before) free.shift()!.environment.kill();
  }, 30_000);
  sweep.unref();
  const killAll = (): void => {
    for (const { all } of pools.values()) for (const environment of all) environment.kill();
  };
  // whoever ends this process in haste ends them too
  process.on('exit', killAll);

  function create(pool: Pool): Environment {
    const id = randomUUID();
    const environment = new Environment({
      id,
      spec: pool.spec,
      runtimeApi: `127.0.0.1:${port}/${id}`,
      region,
      initLimitMs,
      machine,
      log: (line) => log(pool.spec.name, line),
      gone(one) {
        byId.delete(one.id);
        pool.all.delete(one);
        const at = pool.free.findIndex(({ environment: free }) => free === one);
        if (at >= 0) pool.free.splice(at, 1);
      },
    });
    byId.set(id, environment);
    pool.all.add(environment);
    pool.counts.coldStarts++;
    return environment;
  }

  let starting = 0;
  /** Invocations that wait for an environment to become free, or for their turn to start one. */
  const waiting = new Set<() => void>();
  const wakeWaiting = (): void => {
    for (const wake of waiting) wake();
    waiting.clear();
  };

  /** A frozen environment, or a new one. @throws Error when the init phase failed */
  async function take(pool: Pool): Promise<Environment> {
    for (;;) {
      const free = pool.free.pop();
      if (free !== undefined) return free.environment;
      if (starting < startsAtOnce) break;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
    starting++;
    const environment = create(pool);
    try {
      await environment.ready;
      return environment;
    } catch (error) {
      pool.counts.errors++;
      environment.kill();
      throw error;
    } finally {
      starting--;
      wakeWaiting();
    }
  }

  function release(pool: Pool, environment: Environment): void {
    if (environment.dead) return;
    if (closed || random() < nastiness.discard) {
      pool.counts.discarded++;
      environment.kill();
    } else {
      pool.free.push({ environment, since: Date.now() });
      wakeWaiting();
    }
  }

  return {
    async invoke(name, event) {
      const pool = pools.get(name);
      if (pool === undefined || closed) throw new NoSuchFunction(`function not found: ${name}`);
      const payload = JSON.stringify(event);
      if (Buffer.byteLength(payload) > EVENT_LIMIT) throw new EventTooLarge(`the event has more than ${EVENT_LIMIT} bytes`);
      if (nastiness.delayMs > 0) await wait(random() * nastiness.delayMs);
      const full = pool.free.length === 0 && pool.all.size >= (pool.spec.reservedConcurrency ?? Infinity);
      if (full || random() < nastiness.throttle) {
        pool.counts.throttles++;
        throw new Throttled('Rate Exceeded.');
      }
      const environment = await take(pool);
      pool.counts.invocations++;
      const id = randomUUID();
      const { answer, over } = environment.invoke(id, payload);
      const ended = over.then(() => release(pool, environment));
      const got = await answer;
      if (got.type === 'error') pool.counts.errors++;
      return { id, answer: got, over: ended };
    },
    stats(name) {
      const pool = pools.get(name);
      if (pool === undefined) throw new NoSuchFunction(`function not found: ${name}`);
      const free = new Set(pool.free.map(({ environment }) => environment));
      return { ...pool.counts, environments: Array.from(pool.all, (one) => ({ pid: one.pid, initMs: one.initMs, busy: !free.has(one) })) };
    },
    discardAll() {
      for (const { free } of pools.values()) for (const { environment } of free.splice(0)) environment.kill();
    },
    async close() {
      closed = true;
      clearInterval(sweep);
      killAll();
      process.removeListener('exit', killAll);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
