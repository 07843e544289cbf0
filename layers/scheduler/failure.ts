/** What is left to say and do for a pod that found no node. */
import type { Client } from '#control/client.ts';
import { timestamp } from '#control/time.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import type { PodInfo } from './picture/pod-info.ts';
import type { Candidate } from './preemption/victims.ts';

type Deps = { readonly client: Client; readonly now: number };
export type Tell = (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** The PodScheduled condition, written where it says something new. */
export async function writeUnscheduled(
  pod: PodInfo,
  reason: 'Unschedulable' | 'SchedulerError',
  message: string,
  nominated: string | undefined,
  { client, now }: Deps,
): Promise<void> {
  const old = pod.pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const sameNomination = nominated === undefined || pod.pod.status?.nominatedNodeName === nominated;
  if (old?.status === 'False' && old.reason === reason && old.message === message && sameNomination) return;
  const at = timestamp(now);
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    ...(pod.pod.metadata.generation === undefined ? {} : { observedGeneration: pod.pod.metadata.generation }),
    lastProbeTime: null,
    lastTransitionTime: old?.status === 'False' ? (old.lastTransitionTime ?? at) : at,
  };
  try {
    await client.patch(
      'pods',
      pod.namespace,
      pod.name,
      { type: 'strategic', body: { metadata: { uid: pod.uid }, status: { conditions: [condition], ...(nominated === undefined ? {} : { nominatedNodeName: nominated }) } } },
      'status',
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Sends the victims away: first why, then the deletion with their own grace. */
export async function evict(preemptor: PodInfo, { node, victims }: Candidate, tell: Tell, { client, now }: Deps): Promise<void> {
  await Promise.all(
    victims
      .filter(({ terminating }) => !terminating)
      .map(async (victim) => {
        const condition = {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: 'default-scheduler: preempting to accommodate a higher priority pod',
          ...(victim.pod.metadata.generation === undefined ? {} : { observedGeneration: victim.pod.metadata.generation }),
          lastTransitionTime: timestamp(now),
        };
        try {
          await client.patch('pods', victim.namespace, victim.name, { type: 'strategic', body: { metadata: { uid: victim.uid }, status: { conditions: [condition] } } }, 'status');
          await client.delete('pods', victim.namespace, victim.name, { preconditions: { uid: victim.uid } });
          tell(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.uid} on node ${node.name}`);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }),
  );
}
