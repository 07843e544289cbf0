/** Small functions for tests of the gateway, as source text. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionSpec } from '../lambda/spec.ts';

/** Puts a module in a folder of its own, ready to be a function. */
export function functionOf(name: string, source: string, options: Partial<FunctionSpec> = {}): FunctionSpec {
  const directory = mkdtempSync(join(tmpdir(), `paperplane-function-${name}-`));
  mkdirSync(join(directory, 'function'));
  writeFileSync(join(directory, 'function', 'index.mjs'), source);
  return { name, directory, handler: 'function/index.handler', environment: {}, memoryMB: 128, timeoutMs: 10_000, ...options };
}

export const ECHO = `export const handler = async (event, context) => ({ event, id: context.awsRequestId, pid: process.pid });`;

/** Answers, and goes on to write a file a little later: long enough for a busy machine to have frozen it by then. */
export const LEAVES_WORK = `
import { appendFileSync } from 'node:fs';
export const handler = async ({ file }) => {
  setTimeout(() => appendFileSync(file, 'left over\\n'), 800);
  return 'answered';
};`;

/** The same done right: the work is finished before the answer. */
export const FINISHES_WORK = `
import { appendFileSync } from 'node:fs';
export const handler = async ({ file }) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  appendFileSync(file, 'done\\n');
  return 'answered';
};`;

/** A door: what it does is said by the path. */
export const DOOR = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const path = event.path ?? event.rawPath;
  if (path === '/throws') throw new TypeError('as asked');
  if (path === '/exits') process.exit(3);
  if (path === '/no-prelude') { stream.write('x'.repeat(20000)); stream.end(); return; }
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { 'content-type': 'text/plain' }, multiValueHeaders: { warning: ['a', 'b'] } });
  if (path === '/slow') {
    for (let i = 0; i < 4; i++) { out.write('chunk' + i + '\\n'); await pause(60); }
    out.end();
    return;
  }
  if (path === '/silent') { out.write('begun'); await pause(5000); out.end(); return; }
  if (path === '/breaks') { out.write('begun'); await pause(20); throw new Error('too late'); }
  if (path === '/sleeps') { await pause(60000); out.end(); return; }
  out.write(JSON.stringify(event));
  out.end();
});`;
