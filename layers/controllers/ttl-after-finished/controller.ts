/** Finished jobs are deleted, with their pods, when their `ttlSecondsAfterFinished` has passed. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { Job } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { JOBS, trueCondition } from '../job/job-view.ts';
import { splitKey } from '../shared/keys.ts';

/** When the job is to go, in ms; undefined for one that stays, runs, or goes already. */
function dueAt({ metadata, spec, status }: Job): number | undefined {
  const finished = parseTime((trueCondition(status, 'Complete') ?? trueCondition(status, 'Failed'))?.lastTransitionTime);
  if (metadata.deletionTimestamp !== undefined || finished === undefined || spec?.ttlSecondsAfterFinished === undefined) return undefined;
  return finished + spec.ttlSecondsAfterFinished * 1000;
}

async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const due = dueAt(cache.get<Job>(JOBS, namespace, name) ?? ({ metadata: {} } as Job));
  if (due === undefined) return {};
  const left = due - clock.now();
  if (left > 0) return { requeueAfterSeconds: left / 1000 };
  try {
    // the time may have been changed a moment ago
    const fresh = await client.get<Job>(JOBS, namespace, name);
    const still = dueAt(fresh);
    if (still === undefined) return {};
    if (still > clock.now()) return { requeueAfterSeconds: (still - clock.now()) / 1000 };
    await client.delete(JOBS, namespace, name, {
      propagationPolicy: 'Foreground',
      preconditions: { uid: fresh.metadata.uid!, resourceVersion: fresh.metadata.resourceVersion! },
    });
  } catch (error) {
    if (isNotFound(error)) return {};
    if (isConflict(error)) return { requeueAfterSeconds: 0 };
    throw error;
  }
  return {};
}

export function ttlAfterFinishedController(): Controller {
  return { name: 'ttl-after-finished-controller', watches: [{ resource: JOBS }], reconcile };
}
