/** How the control plane takes a pod away: it first writes down why, where the pod's owner can read it. */
import type { ControllerContext } from '#control/controller.ts';
import { timestamp } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';
import type { DeleteParameters } from '#control/client.ts';
import { isNotFound } from '#machinery/status.ts';
import { findCondition } from './conditions.ts';
import { nameOf, namespaceOf } from './keys.ts';

export interface Disruption {
  readonly reason: 'DeletionByTaintManager' | 'DeletionByPodGC' | 'PreemptionByScheduler' | 'EvictionByEvictionAPI';
  readonly message: string;
  /** The phase to leave the pod in, for one whose node will never say. */
  readonly phase?: 'Failed';
  readonly options?: DeleteParameters;
}

/** False when the pod was gone already. */
export async function disrupt(pod: Pod, { reason, message, phase, options }: Disruption, { client, clock }: Pick<ControllerContext, 'client' | 'clock'>): Promise<boolean> {
  const { uid } = pod.metadata;
  try {
    const before = findCondition(pod.status?.conditions, 'DisruptionTarget');
    if (before?.status !== 'True' || (phase !== undefined && pod.status?.phase !== phase)) {
      const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: timestamp(clock.now()), ...generation(pod) };
      await client.patch(
        'pods',
        namespaceOf(pod),
        nameOf(pod),
        { type: 'strategic', body: { metadata: { uid }, status: { ...(phase === undefined ? {} : { phase }), conditions: before?.status === 'True' ? [] : [condition] } } },
        'status',
      );
    }
    await client.delete('pods', namespaceOf(pod), nameOf(pod), { ...options, preconditions: { uid: uid! } });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const generation = (pod: Pod): { observedGeneration?: number } => (pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation });
