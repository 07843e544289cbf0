/**
 * One execution environment: a process that serves one event at a time, is frozen (SIGSTOP) from the moment that it asks for the next
 * one, and may be gone before the next comes. What code leaves running after its answer stands still with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FunctionSpec } from './spec.ts';

/** Lambda's limit of the init phase. */
export const INIT_LIMIT_MS = 10_000;
/** Lambda's limits of an answer: whole, and streamed. Bytes. */
const BUFFERED_LIMIT = 6 * 1024 * 1024;
const RUNTIME = join(import.meta.dirname, '..', 'runtime', 'main.ts');

let tie: readonly string[] | undefined;
/**
 * Ties the process to this one, by the kernel: a gateway that is killed takes its environments along, also those that stand still and would notice nothing.
 * Nothing where util-linux is not there: such an environment ends when it is woken and finds nobody.
 */
const tied = (): readonly string[] => (tie ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []);

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type Answer =
  | { readonly type: 'whole'; readonly body: Buffer }
  | { readonly type: 'stream'; readonly contentType: string; readonly body: IncomingMessage; failure(): FunctionError | undefined }
  | { readonly type: 'error'; readonly error: FunctionError };

interface Running {
  readonly id: string;
  readonly answer: (answer: Answer) => void;
  /** Called once the environment is free again or gone. */
  readonly over: () => void;
  readonly cancelLimit: () => void;
  answered: boolean;
  /** The request that carries a streamed answer, to be cut at a timeout. */
  body: IncomingMessage | undefined;
}

export interface EnvironmentOptions {
  readonly id: string;
  readonly spec: FunctionSpec;
  /** `127.0.0.1:PORT/ID`. */
  readonly runtimeApi: string;
  readonly region: string;
  readonly initLimitMs: number;
  /** Variables of this machine: where compiled code is kept. */
  readonly machine: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  /** The process ended, by itself or by us. */
  readonly gone: (environment: Environment) => void;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #child: ChildProcess;
  readonly ready: Promise<void>;
  /** Milliseconds from the start of the process to its first question for an event. */
  initMs: number | undefined;
  #readyDone: (error?: Error) => void = () => undefined;
  #next: ServerResponse | undefined;
  #running: Running | undefined;
  #dead = false;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    const { spec, runtimeApi, region, initLimitMs } = options;
    const began = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    const limit = setTimeout(() => {
      this.#readyDone(new Error(`${spec.name}: the init phase took longer than ${initLimitMs} ms`));
      this.kill();
    }, initLimitMs);
    this.#readyDone = (error) => {
      clearTimeout(limit);
      this.#readyDone = () => undefined;
      if (error !== undefined) reject(error);
      else {
        this.initMs = performance.now() - began;
        resolve();
      }
    };
    const [program, ...args] = [...tied(), process.execPath, RUNTIME] as const;
    this.#child = spawn(program!, args, {
      cwd: spec.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // nothing of this process' own surroundings but what finds programs: a bundle sees what the deployed one would
      env: {
        PATH: process.env['PATH'],
        TZ: ':UTC',
        LANG: 'en_US.UTF-8',
        ...options.machine,
        ...spec.environment,
        AWS_LAMBDA_RUNTIME_API: runtimeApi,
        AWS_LAMBDA_FUNCTION_NAME: spec.name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMB),
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        LAMBDA_TASK_ROOT: spec.directory,
        _HANDLER: spec.handler,
      },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) options.log(line);
      });
      stream.on('end', () => {
        if (rest !== '') options.log(rest);
      });
    }
    this.#child.once('error', (error) => this.#ended(error.message));
    this.#child.once('exit', (code, signal) => this.#ended(signal === null ? `exit status ${code}` : `signal: ${signal}`));
  }

  get id(): string {
    return this.#options.id;
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  get dead(): boolean {
    return this.#dead;
  }

  /** The Runtime API, as this environment's process calls it. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const match = /^\/2018-06-01\/runtime\/(?:(invocation\/next)|(init\/error)|invocation\/([^/]+)\/(response|error))$/.exec(path);
    if (match === null) return void response.writeHead(404).end();
    const [, next, init, id, what] = match;
    if (next !== undefined) return this.#idle(response);
    if (init !== undefined) {
      const error = JSON.parse((await readAll(request)).toString()) as FunctionError;
      response.writeHead(202).end();
      return this.#readyDone(new Error(`${this.#options.spec.name}: ${error.errorType}: ${error.errorMessage}`));
    }
    const running = this.#running;
    if (running === undefined || running.id !== id || running.answered) return void response.writeHead(400).end();
    running.answered = true;
    if (what === 'error') running.answer({ type: 'error', error: JSON.parse((await readAll(request)).toString()) as FunctionError });
    else if (request.headers['lambda-runtime-function-response-mode'] === 'streaming') {
      running.body = request;
      running.answer({
        type: 'stream',
        contentType: request.headers['content-type'] ?? '',
        body: request,
        failure() {
          const body = request.trailers['lambda-runtime-function-error-body'];
          return body === undefined ? undefined : (JSON.parse(Buffer.from(body, 'base64').toString()) as FunctionError);
        },
      });
      request.once('end', () => response.writeHead(202).end());
      return;
    } else {
      const body = await readAll(request);
      running.answer(
        body.length > BUFFERED_LIMIT
          ? {
              type: 'error',
              error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage: `Response payload size exceeded maximum allowed payload size (${BUFFERED_LIMIT} bytes).` },
            }
          : { type: 'whole', body },
      );
    }
    response.writeHead(202).end();
  }

  /** One at a time: only an environment whose last `invoke` called back `over` may be asked again. */
  invoke(id: string, event: string): { readonly answer: Promise<Answer>; readonly over: Promise<void> } {
    const next = this.#next;
    if (next === undefined || this.#running !== undefined) throw new Error(`environment ${this.id} is not free`);
    this.#next = undefined;
    const { spec } = this.#options;
    const answer = Promise.withResolvers<Answer>();
    const over = Promise.withResolvers<void>();
    const limit = setTimeout(() => {
      const error = { errorType: 'Sandbox.Timedout', errorMessage: `Task timed out after ${(spec.timeoutMs / 1000).toFixed(2)} seconds` };
      this.#options.log(`${id} ${error.errorMessage}`);
      this.#running?.body?.destroy();
      answer.resolve({ type: 'error', error });
      this.kill();
    }, spec.timeoutMs);
    this.#running = { id, answer: answer.resolve, over: over.resolve, cancelLimit: () => clearTimeout(limit), answered: false, body: undefined };
    this.#child.kill('SIGCONT');
    next.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(Date.now() + spec.timeoutMs),
      'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${this.#options.region}:000000000000:function:${spec.name}`,
      'lambda-runtime-trace-id': `Root=1-00000000-${id.replaceAll('-', '').slice(0, 24)}`,
    });
    next.end(event);
    return { answer: answer.promise, over: over.promise };
  }

  kill(): void {
    if (!this.#dead) this.#child.kill('SIGKILL');
  }

  /** The process asks for work: whatever else it does stops now. */
  #idle(next: ServerResponse): void {
    this.#next = next;
    this.#child.kill('SIGSTOP');
    this.#readyDone();
    this.#finish({ errorType: 'Runtime.NoResponse', errorMessage: 'the handler ended without an answer' });
  }

  #finish(unanswered: FunctionError): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.cancelLimit();
    if (!running.answered) running.answer({ type: 'error', error: unanswered });
    running.over();
  }

  #ended(why: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#readyDone(new Error(`${this.#options.spec.name}: the process ended in its init phase: ${why}`));
    this.#running?.body?.destroy();
    this.#finish({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${this.#running?.id} Error: Runtime exited with error: ${why}` });
    this.#options.gone(this);
  }
}
