/**
 * Calls of AWS' JSON protocol: the five that a node makes. The services' own clients would take more memory than the rest of the agent; a
 * signature, a deadline and repetitions are all that is needed of them.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock, Random } from '#machinery/clock.ts';
import { pause } from '../pause.ts';
import type { Sign } from './sign.ts';

const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

const CALL_MS = 5_000;
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** A service refused a call, or did not answer. `code`: what it calls the reason. */
export class AwsCallFailed extends Error {
  readonly code: string;
  readonly passing: boolean;
  constructor(code: string, message: string, passing: boolean) {
    super(message);
    this.code = code;
    this.passing = passing;
  }
}

export const isAwsError = (error: unknown, pattern: RegExp): boolean => error instanceof AwsCallFailed && pattern.test(error.code);

export interface JsonServiceOptions {
  readonly endpoint: URL;
  /** `AmazonSQS`, `DynamoDB_20120810`. */
  readonly target: string;
  readonly sign: Sign;
  readonly clock: Clock;
  readonly random: Random;
}

export interface JsonService {
  /** `limitMs`: for calls that wait by themselves. @throws AwsCallFailed */
  call<T>(action: string, input: object, options?: { readonly limitMs?: number; readonly attempts?: number; readonly signal?: AbortSignal }): Promise<T>;
  close(): void;
}

const PASSING = /Throttl|RequestLimitExceeded|ProvisionedThroughput|ServiceUnavailable|InternalServer|InternalFailure|InternalError|TransactionInProgress/;

export function jsonService({ endpoint, target, sign, clock, random }: JsonServiceOptions): JsonService {
  const { request } = endpoint.protocol === 'http:' ? http : https;
  const agent = new (endpoint.protocol === 'http:' ? http : https).Agent({ keepAlive: true, maxFreeSockets: 2 });

  async function once(action: string, input: object, limitMs: number, signal: AbortSignal | undefined): Promise<unknown> {
    const body = Buffer.from(JSON.stringify(input));
    const headers = await sign({
      method: 'POST',
      host: endpoint.host,
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${target}.${action}`, 'content-length': body.byteLength },
      body,
    });
    const ends = [AbortSignal.timeout(limitMs), ...(signal === undefined ? [] : [signal])];
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({ hostname: endpoint.hostname, port: endpoint.port, method: 'POST', path: '/', agent, headers, signal: AbortSignal.any(ends) }, resolve);
      sent.on('error', (error) => reject(new AwsCallFailed('NoAnswer', `${target}.${action}: ${error.message}`, signal?.aborted !== true)));
      sent.end(body);
    });
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of answer as AsyncIterable<Buffer>) {
      if ((size += part.length) > MAX_ANSWER_BYTES) throw new AwsCallFailed('TooLarge', `${target}.${action}: an answer of more than ${MAX_ANSWER_BYTES} bytes`, false);
      parts.push(part);
    }
    const text = Buffer.concat(parts).toString();
    const status = answer.statusCode ?? 0;
    if (status < 300) return text === '' ? {} : JSON.parse(text);
    let said: { readonly __type?: string; readonly message?: string; readonly Message?: string } = {};
    try {
      said = JSON.parse(text) as typeof said;
    } catch {
      // an answer of something in between
    }
    const code = String(said.__type ?? answer.headers['x-amzn-errortype'] ?? status)
      .split('#')
      .at(-1)!
      .split(':')[0]!;
    throw new AwsCallFailed(code, `${target}.${action}: ${code}: ${said.message ?? said.Message ?? text.slice(0, 200)}`, status >= 500 || PASSING.test(code));
  }

  return {
    async call<T>(
      action: string,
      input: object,
      { limitMs = CALL_MS, attempts = ATTEMPTS, signal }: { limitMs?: number; attempts?: number; signal?: AbortSignal } = {},
    ): Promise<T> {
      for (let attempt = 1; ; attempt++) {
        try {
          return (await once(action, input, limitMs, signal)) as T;
        } catch (error) {
          const passing = error instanceof AwsCallFailed ? error.passing : signal?.aborted !== true;
          if (attempt >= attempts || !passing) throw error;
          await pause(clock, random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt), signal);
        }
      }
    },
    close: () => agent.destroy(),
  };
}
