/** Writes of a stateful set's pods, each with its event on the set. */
import type { ControllerContext } from '#control/controller.ts';
import type { Pod, StatefulSet } from '#kinds/generated/types.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { claimsMatchPolicy, createClaims, followPolicy } from './claims.ts';
import { hasIdentity, hasStorage, withIdentity, withStorage } from './pod.ts';

type Verb = 'Create' | 'Update' | 'Delete';

/** Does it and says so; what somebody else did in between is no failure to tell of. */
async function telling(verb: Verb, set: StatefulSet, pod: Pod, { event }: ControllerContext, act: () => Promise<unknown>): Promise<void> {
  const what = `${verb} Pod ${nameOf(pod)} in StatefulSet ${nameOf(set)}`;
  try {
    await act();
  } catch (error) {
    if (!isConflict(error) && !isAlreadyExists(error) && !isNamespaceTerminating(error))
      event(set, 'Warning', `Failed${verb}`, `${what} failed error: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
  event(set, 'Normal', `Successful${verb}`, `${what} successful`);
}

export const createPod = (set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> =>
  telling('Create', set, pod, context, async () => {
    await createClaims(set, pod, context);
    await context.client.create('pods', pod);
    await followPolicy(set, pod, context);
  });

export const deletePod = (set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> =>
  telling('Delete', set, pod, context, async () => {
    try {
      await context.client.delete('pods', namespaceOf(pod), nameOf(pod), { preconditions: { uid: pod.metadata.uid! } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });

/** Claims that a pod which waits for them lacks. */
export async function completeClaims(set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> {
  await createClaims(set, pod, context);
  await followPolicy(set, pod, context);
}

/** Brings a pod's labels, volumes and claims in line with the set where they are not. */
export async function correctPod(set: StatefulSet, pod: Pod, context: ControllerContext): Promise<void> {
  let wanted = pod;
  if (!hasIdentity(set, wanted)) wanted = withIdentity(set, wanted);
  if (!hasStorage(set, wanted)) {
    wanted = withStorage(set, wanted);
    await createClaims(set, wanted, context);
  }
  if (!claimsMatchPolicy(set, wanted, context)) await followPolicy(set, wanted, context);
  if (wanted !== pod) await telling('Update', set, pod, context, () => context.client.update('pods', wanted));
}
