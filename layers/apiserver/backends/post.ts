/** One POST of JSON to a webhook and its answer. */
import type { IncomingMessage } from 'node:http';
import type { Services } from '../server.port.ts';
import { ask } from '../streams/backend.ts';
import { type Backend, connectBackend, hostOf } from './connect.ts';

export interface PostOptions {
  readonly path: string;
  readonly timeoutMs: number;
}

/** Answers of webhooks carry at most a list of objects, back and forth. Bytes. */
const ANSWER_LIMIT = 64 * 1024 * 1024;

async function read(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    if ((size += part.length) > ANSWER_LIMIT) throw new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @throws Error worded as Go's HTTP client has it: `Post "https://...": ...` */
export async function postJson(services: Services, backend: Backend, body: unknown, { path, timeoutMs }: PostOptions): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const host = hostOf(backend);
  const target = `${path}${path.includes('?') ? '&' : '?'}timeout=${Math.round(timeoutMs / 1000)}s`;
  let status: number;
  let text: string;
  try {
    const connection = await connectBackend(services, backend, signal);
    const bytes = Buffer.from(JSON.stringify(body));
    const answer = await ask(
      connection,
      {
        method: 'POST',
        path: target,
        headers: { host, 'content-type': 'application/json', accept: 'application/json, */*', 'content-length': String(bytes.byteLength) },
        body: bytes,
      },
      signal,
    );
    if (answer.type === 'upgrade') {
      answer.socket.destroy();
      throw new Error('the server switched protocols unasked');
    }
    status = answer.response.statusCode!;
    text = (await read(answer.response)).toString('utf8');
    connection.destroy();
  } catch (error) {
    const why = signal.aborted ? 'context deadline exceeded' : (error as Error).message;
    throw new Error(`Post "https://${host}${target}": ${why}`, { cause: error });
  }
  if (status < 200 || status > 299)
    throw new Error(text.startsWith('{') ? messageOf(text) : `the server responded with the status code ${status} but did not return more information`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`couldn't decode the answer: ${(error as Error).message}`, { cause: error });
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
