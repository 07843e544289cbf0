/** The heartbeat: one Lease per node, renewed every 10 s. It is all that the control plane hears while nothing changes. */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflicting, isMissing } from '../api/errors.ts';
import { pause } from '../api/pause.ts';
import type { ClusterSource } from '../api/source.ts';

const RENEW_MS = 10_000;
const DURATION_SECONDS = 40;
/** After a failure: soon again, since the lease has only four renewals' worth of time. */
const RETRY_MS = 2_000;

const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');

export interface LeaseOptions {
  readonly cluster: Pick<ClusterSource, 'putLease' | 'read'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  /** Owner of the lease, once known. */
  nodeUid(): string | undefined;
  renewed(): void;
  failed(error: unknown): void;
}

export async function keepLease(options: LeaseOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock, random, nodeName } = options;
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(nodeName)}`;
  let lease: KubeObject | undefined;
  // Many nodes that start together must not renew together.
  let wait = 0;
  while (!signal.aborted) {
    await pause(clock, wait, signal);
    if (signal.aborted) return;
    try {
      const uid = options.nodeUid();
      const spec = { ...(lease?.['spec'] as object | undefined), holderIdentity: nodeName, leaseDurationSeconds: DURATION_SECONDS, renewTime: microTime(clock.now()) };
      lease = await cluster.putLease(nodeName, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          ...(lease?.metadata ?? { name: nodeName, namespace: 'kube-node-lease' }),
          ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }] }),
        },
        spec,
      });
      options.renewed();
      wait = RENEW_MS * (0.96 + random() * 0.08);
    } catch (error) {
      wait = RETRY_MS * (0.5 + random() / 2);
      // Made by an earlier life of this agent, changed by somebody, or removed: read it, and go from there.
      if (isConflicting(error) || isMissing(error)) {
        lease = await cluster.read(path).catch(() => undefined);
        if (lease !== undefined) wait = 0;
      } else options.failed(error);
    }
  }
}
