/** Every call, one JSON line each, so that another process can count while this one runs. */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Call } from './prices.ts';

/** How long a line may wait for others. Milliseconds. */
const WRITE_EVERY_MS = 200;

export interface Ledger {
  note(call: Omit<Call, 'at'>): void;
  close(): void;
}

export function openLedger(file: string): Ledger {
  let lines: string[] = [];
  const write = (): void => {
    if (lines.length > 0) appendFileSync(file, lines.join(''));
    lines = [];
  };
  const timer = setInterval(write, WRITE_EVERY_MS);
  timer.unref();
  return {
    note: (call) => void lines.push(`${JSON.stringify({ at: Date.now(), ...call } satisfies Call)}\n`),
    close() {
      clearInterval(timer);
      write();
    },
  };
}

/** The calls of a stretch of time; both ends are milliseconds since the epoch. */
export function readLedger(file: string, from = 0, to = Infinity): readonly Call[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Call]))
    .filter(({ at }) => at >= from && at < to);
}
