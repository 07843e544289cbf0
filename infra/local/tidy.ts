/**
 * Gives memory back after a burst. V8 collects when it allocates: a process that has gone quiet keeps what the last burst left, 150 MiB after twenty
 * thousand writes, until somebody writes as much again. So a quiet moment is used for what would otherwise wait.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds between looks. */
const LOOK_EVERY = 2_000;
/** Share of a core that the process may have taken since the last look and still count as quiet. Not the event loop's: on a busy machine that one seems never to rest. */
const QUIET = 0.1;
/** Bytes more than after the last collection that are worth another: some 50 ms of work. */
const WORTH = 24 << 20;

const held = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

export function tidyWhenQuiet(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let after = held();
  let before = process.cpuUsage();
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    // V8 collects by itself too
    after = Math.min(after, held());
    if (user + system > QUIET * LOOK_EVERY * 1000 || held() - after < WORTH) return;
    collect();
    after = held();
  }, LOOK_EVERY).unref();
}
