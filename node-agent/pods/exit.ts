/** How a container ended: code, times, reason, and its last words. */
import { Writable } from 'node:stream';
import type { ContainerState } from '../runtime/port.ts';
import { LOG_MESSAGE_BYTES, LOG_MESSAGE_LINES, fallsBackToLog } from './files.ts';
import type { Attempt } from './record.ts';
import type { NodeServices } from './services.ts';

/** Bounds the wait for a log that does not end. */
const LOG_LIMIT_MS = 10_000;

async function tailOfLog(services: NodeServices, id: string): Promise<string> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const limit = new AbortController();
  const cancel = services.clock.after(LOG_LIMIT_MS, () => limit.abort());
  try {
    await services.runtime.logs(id, { follow: false, tailLines: LOG_MESSAGE_LINES, timestamps: false, stdout: sink, stderr: sink, signal: limit.signal });
  } catch {
    return '';
  } finally {
    cancel();
  }
  const all = Buffer.concat(chunks);
  return all.subarray(Math.max(0, all.length - LOG_MESSAGE_BYTES)).toString('utf8');
}

function reasonOf(state: ContainerState | undefined, code: number): string {
  if (state?.oomKilled === true) return 'OOMKilled';
  if (state?.error !== undefined && state.startedAt === undefined) return 'ContainerCannotRun';
  return code === 0 ? 'Completed' : 'Error';
}

/** Fills in an attempt that ended. A container that is gone altogether ends as a kubelet has it: 137, unknown. */
export async function recordEnd(services: NodeServices, podUid: string, container: string, attempt: Attempt): Promise<void> {
  if (attempt.phase === 'exited') return;
  const state = await services.runtime.inspect(attempt.id);
  // Others may have been quicker.
  if ((attempt.phase as Attempt['phase']) === 'exited') return;
  if (state?.phase === 'running') {
    if (state.startedAt !== undefined) attempt.startedAt = state.startedAt;
    return;
  }
  const now = new Date(services.clock.now()).toISOString();
  if (state === undefined) {
    Object.assign(attempt, {
      phase: 'exited',
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      finishedAt: now,
    });
    return;
  }
  const code = state.exitCode ?? (state.phase === 'created' ? 128 : 0);
  let message = state.error ?? '';
  if (message === '') message = await services.files.terminationMessage(podUid, container, attempt.attempt);
  if (message === '' && code !== 0 && fallsBackToLog(state.labels)) message = await tailOfLog(services, attempt.id);
  Object.assign(attempt, {
    phase: 'exited',
    exitCode: code,
    reason: reasonOf(state, code),
    message,
    finishedAt: state.finishedAt ?? now,
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
  });
}
