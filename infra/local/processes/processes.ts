/** The long-running programs of a local cluster: started under a supervising shell, found again by their pid files, stopped in peace. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, statSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Program and supervisor get this long to end by themselves before they are killed. */
const STOP_LIMIT_MS = 20_000;
/** A shell needs milliseconds to write its pid; a program that ended at once has removed the file again. */
const PID_FILE_LIMIT_MS = 500;
const POLL_MS = 10;
/** Logs are kept to this size, and one older file. */
const LOG_LIMIT_BYTES = 20 * 1024 * 1024;
const SUPERVISOR = join(import.meta.dirname, 'supervise.sh');

export interface ProgramFiles {
  readonly pidFile: string;
  readonly logFile: string;
}

function readPid(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').trim());
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** A pid is ours only if its command line holds the mark: numbers are used again after a reboot. */
export function isOurs(pid: number, mark: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .some((word) => word.includes(mark)) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch {
    return false;
  }
}

/** The supervisor's pid where it runs. */
export function supervisor(files: ProgramFiles): number | undefined {
  const pid = readPid(files.pidFile);
  return pid !== undefined && isOurs(pid, files.pidFile) ? pid : undefined;
}

/** The shell that takes the supervisor's place should somebody kill it. */
export function guard(files: ProgramFiles): number | undefined {
  const pid = readPid(`${files.pidFile}.guard`);
  // a guard that took the place has not posted another one yet
  return pid !== undefined && pid !== readPid(files.pidFile) && isOurs(pid, files.pidFile) ? pid : undefined;
}

/** The program's own pid where it runs; `mark` is a word of its command line. */
export function program(files: ProgramFiles, mark: string): number | undefined {
  const pid = readPid(`${files.pidFile}.child`);
  return pid !== undefined && isOurs(pid, mark) ? pid : undefined;
}

/** Starts the program under its supervisor, detached from this process. A stray program of a killed supervisor is ended first. */
export async function startProgram(files: ProgramFiles, command: readonly string[], mark: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  // a guard without a supervisor is about to become one
  for (let waited = 0; supervisor(files) === undefined && guard(files) !== undefined && waited < PID_FILE_LIMIT_MS; waited += POLL_MS) await wait(POLL_MS);
  if (supervisor(files) !== undefined) return;
  await endPid(guard(files), files.pidFile);
  await endPid(program(files, mark), mark);
  for (const file of [files.pidFile, files.logFile]) mkdirSync(dirname(file), { recursive: true });
  if (existsSync(files.logFile) && statSync(files.logFile).size > LOG_LIMIT_BYTES) renameSync(files.logFile, `${files.logFile}.old`);
  const log = openSync(files.logFile, 'a', 0o600);
  const child = spawn('/bin/bash', [SUPERVISOR, files.pidFile, files.logFile, ...command], { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  // the pid file is there before this resolves, so that a second start finds the first
  for (let waited = 0; supervisor(files) === undefined && waited < PID_FILE_LIMIT_MS; waited += POLL_MS) await wait(POLL_MS);
}

async function endPid(pid: number | undefined, mark: string): Promise<void> {
  if (pid === undefined) return;
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      // gone already
    }
  };
  signal('SIGTERM');
  for (let waited = 0; isOurs(pid, mark); waited += POLL_MS) {
    if (waited >= STOP_LIMIT_MS) signal('SIGKILL');
    await wait(POLL_MS);
  }
}

/** Ends supervisor and program; nothing to do where neither runs. */
export async function stopProgram(files: ProgramFiles, mark: string): Promise<void> {
  // a guard that has just become the supervisor has a guard of its own
  for (let pid; (pid = supervisor(files) ?? guard(files)) !== undefined;) await endPid(pid, files.pidFile);
  await endPid(program(files, mark), mark);
  for (const end of ['', '.child', '.guard', '.life']) rmSync(`${files.pidFile}${end}`, { force: true });
}

/** The end of a log, for an error message. */
export function lastLines(file: string, count: number): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/** How often a program has ended unasked since this call, by what its supervisor wrote into its log. */
export function endsCounted({ logFile }: ProgramFiles): () => number {
  const from = existsSync(logFile) ? statSync(logFile).size : 0;
  let read = from;
  let ends = 0;
  return () => {
    if (!existsSync(logFile) || statSync(logFile).size === read) return ends;
    const log = readFileSync(logFile);
    read = log.byteLength;
    ends = log.toString('utf8', from).match(/^supervise: ended with status /gm)?.length ?? 0;
    return ends;
  };
}
