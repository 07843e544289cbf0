/** Runs one of the system's programs (ip, nft, nsenter, conntrack) with a deadline. Arguments are arrays, input goes through a pipe: no shell. */
import { spawn } from 'node:child_process';

/** Netlink answers within milliseconds; a second covers a loaded machine, more means that the kernel or the program hangs. */
const DEADLINE_MS = 10_000;
/** Enough of what a program printed to understand it. */
const SHOWN_BYTES = 2000;

export class CommandError extends Error {
  readonly code: 'COMMAND_FAILED' | 'COMMAND_MISSING' | 'COMMAND_TIMEOUT';
  readonly stderr: string;
  constructor(code: CommandError['code'], message: string, stderr: string) {
    super(message);
    this.code = code;
    this.stderr = stderr;
  }
}

/** Resolves with what the program printed; rejects with CommandError when it ends with another code than 0. */
export type Run = (command: string, args: readonly string[], options?: { readonly input?: string; readonly timeoutMs?: number }) => Promise<string>;

export const runCommand: Run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? DEADLINE_MS);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A program that ends before it read everything (a syntax error) breaks the pipe; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new CommandError(error.code === 'ENOENT' ? 'COMMAND_MISSING' : 'COMMAND_FAILED', `${command}: ${error.message}`, ''));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve(Buffer.concat(out).toString('utf8'));
      const stderr = Buffer.concat(err).toString('utf8').trim();
      const why = timedOut ? 'did not end in time' : `ended with ${code ?? signal}`;
      reject(new CommandError(timedOut ? 'COMMAND_TIMEOUT' : 'COMMAND_FAILED', `${command} ${args.join(' ')} ${why}: ${stderr.slice(0, SHOWN_BYTES)}`, stderr));
    });
  });
