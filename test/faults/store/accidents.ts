/** The accidents themselves, round after round on the same data: used by the short tests and by the soak. */
import { join } from 'node:path';
import type { LoopFilesystem } from './filesystem.ts';
import { verify, type Verdict } from './verify.ts';
import type { Acknowledged } from './workload.ts';
import { startWriter, type WriterProcess } from './writer-process.ts';

export interface Report {
  readonly acknowledged: number;
  /** Rounds in which something was lost. */
  readonly losses: number;
  readonly verdicts: readonly Verdict[];
}

export interface Accident {
  readonly rounds: number;
  /** Writes acknowledged before it happens, at least. */
  readonly writes: number;
  readonly clients?: number;
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/** SIGKILL in the middle of writes. */
export async function kills(directory: string, accident: Accident): Promise<Report> {
  return rounds(accident, directory, async (writer) => {
    await writer.kill();
    return writer.acknowledged;
  });
}

/**
 * Power gone in the middle of writes; the store lives in a folder of the filesystem. In turn between two system calls, where every acknowledgement is
 * one from before, and with a sync under way, where those heard before the cut are (filesystem.ts says why).
 */
export async function powerCuts(disk: LoopFilesystem, accident: Accident): Promise<Report> {
  return rounds(accident, join(disk.path, 'store'), async (writer, round) => {
    if (round % 2 === 0) await writer.freeze();
    const before = writer.acknowledged.slice();
    disk.cutPower();
    await writer.kill();
    disk.mountAgain();
    return before;
  });
}

/** `happen` answers with what was acknowledged before it. */
async function rounds(
  { rounds: count, writes, ...options }: Accident,
  directory: string,
  happen: (writer: WriterProcess, round: number) => Promise<readonly Acknowledged[]>,
): Promise<Report> {
  const all: Acknowledged[] = [];
  const verdicts: Verdict[] = [];
  for (let round = 0; round < count; round++) {
    const writer = await startWriter(directory, options);
    // not always at the same place between two checkpoints
    await writer.more(writes + ((round * 379) % writes));
    all.push(...(await happen(writer, round)));
    verdicts.push(await verify(directory, all));
    // what is lost once is lost for good, and the log that took its place is the truth of the next rounds
    if (verdicts.at(-1)!.lost.length > 0) all.length = 0;
  }
  return { acknowledged: verdicts.length === 0 ? 0 : all.length, losses: verdicts.filter(({ lost }) => lost.length > 0).length, verdicts };
}
