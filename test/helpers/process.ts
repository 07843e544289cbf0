/** A program that a test talks to while it runs: what it says is awaited, so that nothing is guessed by the clock. */
import { spawn } from 'node:child_process';

/** A program that says nothing of what is waited for in this time fails the test with what it did say. */
const SAY_LIMIT_MS = 60_000;

export interface Talking {
  readonly pid: number;
  /** Everything so far, both outputs as they came. */
  said(): string;
  /** Resolves with the match once the output holds it. */
  says(wanted: string | RegExp, limitMs?: number): Promise<RegExpExecArray>;
  write(text: string): void;
  /** Ends its standard input. */
  end(): void;
  /** The exit code; 128 and the signal's name where one ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Ends it and waits. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export function talk(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Talking {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  let over = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => {
      text += part;
      tell();
    });
  }
  child.stdin.on('error', () => {});
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      tell();
      resolve(code ?? signal ?? -1);
    });
  });
  ended.catch(() => {});
  return {
    pid: child.pid ?? -1,
    said: () => text,
    says: (wanted, limitMs = SAY_LIMIT_MS) =>
      new Promise((resolve, reject) => {
        const pattern = typeof wanted === 'string' ? new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)) : wanted;
        const done = (): void => {
          clearTimeout(limit);
          listeners.delete(look);
        };
        const fail = (why: string): void => {
          done();
          reject(new Error(`${file} ${args.join(' ')} ${why} ${pattern}; it said: ${text.slice(-2000)}`));
        };
        const look = (): void => {
          const match = pattern.exec(text);
          if (match !== null) {
            done();
            resolve(match);
          } else if (over) fail('ended without saying');
        };
        const limit = setTimeout(() => fail(`did not say within ${limitMs / 1000} s`), limitMs);
        listeners.add(look);
        look();
      }),
    write: (input) => void child.stdin.write(input),
    end: () => void child.stdin.end(),
    ended,
    async kill(signal = 'SIGTERM') {
      if (!over) child.kill(signal);
      await ended;
    },
  };
}
