/** How much of the disk a folder takes up. */
import { CommandError, runCommand } from '../network/run.ts';

/** A folder with millions of files takes a while; what takes longer is measured the next time. */
const LIMIT_MS = 60_000;

/** Bytes in blocks, as `du` counts them: a file that vanishes meanwhile is no failure. */
export async function diskUsage(folder: string): Promise<number> {
  try {
    return Number((await runCommand('du', ['-sx', '--block-size=1', '--', folder], { timeoutMs: LIMIT_MS })).split('\t')[0]);
  } catch (error) {
    if (!(error instanceof CommandError) || !error.stderr.includes('No such file or directory')) throw error;
    return 0;
  }
}
