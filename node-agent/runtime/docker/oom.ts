/** The lowest `oom_score_adj` that containers may get here. */
import { readFileSync } from 'node:fs';

const CAP_SYS_RESOURCE = 24n;
const LOWEST = -1000;

/**
 * Without CAP_SYS_RESOURCE nobody may go below the score that its process was started with, and runc then dies with "can't get
 * final child's PID". Docker's processes live in the same container or host as the agent, so its own capabilities and score tell.
 */
export function oomScoreFloor(readText: (path: string) => string = (path) => readFileSync(path, 'utf8')): number {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status'))?.[1] ?? '0';
    if ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) return LOWEST;
    return Math.max(0, Number(readText('/proc/self/oom_score_adj').trim()));
  } catch {
    return 0;
  }
}
