/**
 * EC2 says that an instance goes away: its node is dropped at once and its pods with it, so that others are made elsewhere without waiting for
 * a heartbeat to be missed. EventBridge delivers at least once and in no order; all of it may be done twice.
 */
import type { Client } from '#control/client.ts';
import { timestamp } from '#control/time.ts';
import type { Node, Pod } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import type { Installation } from '../shared/installation.ts';
import type { World } from '../shared/world.ts';
import type { Worlds } from '../shared/worlds.ts';

/** States from which an instance does not come back with its containers. */
const LOST: ReadonlySet<string> = new Set(['shutting-down', 'terminated', 'stopping', 'stopped']);

interface StateChange {
  readonly 'detail-type'?: string;
  readonly detail?: { readonly 'instance-id'?: string; readonly state?: string };
}

export interface CloudEventsOptions {
  readonly installation: Installation;
  readonly worlds: Worlds;
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** `aws:///us-east-1a/i-0123456789abcdef0`. */
const instanceOf = (node: Node): string | undefined => /^aws:\/\/\/[^/]*\/(i-[0-9a-f]+)$/.exec(node.spec?.providerID ?? '')?.[1];

async function dropPod(pod: Pod, client: Client, now: number): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  const name = pod.metadata.name ?? '';
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'the instance of the node was terminated', lastTransitionTime: timestamp(now) };
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (!ended) {
    const status = { phase: 'Failed', conditions: [condition] };
    await unlessGone(client.patch('pods', namespace, name, { type: 'strategic', body: { metadata: { uid: pod.metadata.uid }, status } }, 'status'));
  }
  await unlessGone(client.delete('pods', namespace, name, { gracePeriodSeconds: 0, ...(pod.metadata.uid === undefined ? {} : { preconditions: { uid: pod.metadata.uid } }) }));
}

async function dropNode(world: World, node: Node, instance: string, state: string): Promise<void> {
  const client = world.client.as('system:serviceaccount:kube-system:cloud-node-lifecycle-controller', ['system:serviceaccounts', 'system:serviceaccounts:kube-system']);
  const name = node.metadata.name ?? '';
  // the node first: nothing new is placed on it
  await unlessGone(client.delete('nodes', '', name, node.metadata.uid === undefined ? {} : { preconditions: { uid: node.metadata.uid } }));
  const { items } = await client.list<Pod>('pods', { fieldSelector: `spec.nodeName=${name}` });
  const now = world.clock.now();
  await Promise.all(items.map((pod) => dropPod(pod, client, now)));
  world.events.record('cloud-node-lifecycle-controller', node, 'Normal', 'DeletingNode', `Deleting node ${name} because instance ${instance} is ${state}`);
  await world.events.flush();
}

export function createCloudEvents({ installation, worlds }: CloudEventsOptions): (event: unknown) => Promise<{ readonly dropped: readonly string[] }> {
  return async (event) => {
    const { detail, 'detail-type': type } = event as StateChange;
    const instance = detail?.['instance-id'];
    const state = detail?.state ?? '';
    const dropped: string[] = [];
    if (type !== 'EC2 Instance State-change Notification' || instance === undefined || !LOST.has(state)) return { dropped };
    for (const { name } of await installation.clusters.list()) {
      const world = await worlds(name);
      if (world === undefined) continue;
      const { items } = await world.client.list<Node>('nodes');
      for (const node of items.filter((one) => instanceOf(one) === instance)) {
        await dropNode(world, node, instance, state);
        dropped.push(`${name}/${node.metadata.name}`);
      }
    }
    installation.log(`instance ${instance} is ${state}`, undefined, { dropped });
    return { dropped };
  };
}
