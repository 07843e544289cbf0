/**
 * Nodes that are lost: an agent that stops renewing its lease is Unknown after the grace, its pods are not ready any more, and taints keep new
 * pods away and make the old ones leave.
 */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { timestamp } from '#control/time.ts';
import type { Lease, Node, Pod } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { nameOf, namespaceOf, sameJson } from '../shared/keys.ts';
import { isReady } from '../shared/pods.ts';
import { mayEvict, zoneOf } from './disruption.ts';
import { sightingsInLeases, sightingsInProcess, silenceOf } from './heartbeat.ts';
import { conditionStatus, wantedTaints } from './taints.ts';
import { unknownConditions } from './unknown.ts';

const LEASES = 'leases.coordination.k8s.io';
const LEASE_NAMESPACE = 'kube-node-lease';

export interface NodeLifecycleOptions {
  /**
   * Silence after which a node is Unknown; several renewals of its lease must fit in. Kubernetes waits 50 s; here pods of a lost node are
   * to be Ready elsewhere within 60 s, together with the tolerations' seconds.
   */
  readonly graceSeconds?: number;
  /** The same for a node that never posted a status; Kubernetes' --node-startup-grace-period. */
  readonly startupGraceSeconds?: number;
  /** Where it is remembered when a node was last heard of; `lease` where each look may be another process'. `process` where nothing is said. */
  readonly memory?: 'process' | 'lease';
}

const GRACE_S = 20;
const STARTUP_GRACE_S = 60;

async function markPodsNotReady(node: Node, { cache, client, clock, event }: ControllerContext): Promise<void> {
  const pods = cache.list<Pod>('pods').filter((pod) => pod.spec?.nodeName === nameOf(node) && isReady(pod));
  await Promise.all(
    pods.map(async (pod) => {
      try {
        const condition = { type: 'Ready', status: 'False', lastTransitionTime: timestamp(clock.now()) };
        await client.patch(
          'pods',
          namespaceOf(pod),
          nameOf(pod),
          { type: 'strategic', body: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } } },
          'status',
        );
        event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }),
  );
}

export function nodeLifecycleController({ graceSeconds = GRACE_S, startupGraceSeconds = STARTUP_GRACE_S, memory = 'process' }: NodeLifecycleOptions = {}): Controller {
  const sightings = memory === 'lease' ? sightingsInLeases() : sightingsInProcess();

  /** Live: leases are renewed outside the change log. */
  async function leaseOf(name: string, { client }: ControllerContext): Promise<Lease | undefined> {
    try {
      return await client.get<Lease>(LEASES, LEASE_NAMESPACE, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { cache, client, clock, event } = context;
    let node = cache.get<Node>('nodes', '', key);
    if (node === undefined) {
      sightings.forget(key);
      return {};
    }
    if (node.metadata.deletionTimestamp !== undefined) return {};
    const silence = await silenceOf(sightings, node, await leaseOf(key, context), clock.now(), client);
    const grace = (conditionStatus(node, 'Ready') === undefined ? startupGraceSeconds : graceSeconds) * 1000;
    const lost = silence >= grace;
    const now = clock.now();
    if (lost) {
      const conditions = unknownConditions(node, now);
      if (!sameJson(conditions, node.status?.conditions)) {
        node = await client.update<Node>('nodes', { ...node, status: { ...node.status, conditions } }, 'status');
        event(node, 'Normal', 'NodeNotReady', `Node ${key} status is now: NodeNotReady`);
      }
    }
    const ready = conditionStatus(node, 'Ready');
    if (ready === 'False' || ready === 'Unknown') await markPodsNotReady(node, context);
    const nodes = cache.list<Node>('nodes').map((one) => (one.metadata.uid === node.metadata.uid ? node : one));
    const taints = wantedTaints(node, mayEvict(node, nodes), now);
    if (!sameJson(taints, node.spec?.taints ?? [])) {
      await client.patch('nodes', '', key, {
        type: 'merge',
        body: { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } },
      });
    }
    // a node that is Unknown is heard of again by its own status write or lease; the lease has to be looked at
    return { requeueAfterSeconds: lost ? graceSeconds / 2 : Math.max(1, (grace - silence) / 1000) };
  }

  /** What one node's fate means for the others: whether they may lose their pods hangs on how many are lost. */
  function keys({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
    const node = (now ?? old) as Node;
    const own = nameOf(node);
    const ready = (one: Node | undefined): boolean => one !== undefined && conditionStatus(one, 'Ready') === 'True';
    if (ready(old as Node | undefined) === ready(now as Node | undefined)) return [own];
    const everyone = cache.list<Node>('nodes');
    const alone = everyone.filter(ready).length <= 1;
    return [own, ...everyone.filter((one) => !ready(one) && nameOf(one) !== own && (alone || zoneOf(one) === zoneOf(node))).map(nameOf)];
  }

  return { name: 'node-controller', watches: [{ resource: 'nodes', keys }], reads: ['pods'], concurrency: 16, reconcile };
}
