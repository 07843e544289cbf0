/** Objects as the API server would have completed them, for tests. */
import type { Namespace, Node, Pod, ReplicationController, Service } from '#kinds/generated/types.ts';

export const namespace = (name = 'default'): Namespace => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

export interface PodOptions {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly cpu?: string;
  readonly memory?: string;
  readonly spec?: Partial<NonNullable<Pod['spec']>>;
  readonly status?: Partial<NonNullable<Pod['status']>>;
}

export function pod(name: string, { namespace: ns = 'default', labels, cpu, memory, spec, status }: PodOptions = {}): Pod {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ns, ...(labels === undefined ? {} : { labels }) },
    spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'busybox', resources: { requests } }], ...spec },
    status: { phase: 'Pending', ...status },
  };
}

export const READY_SINCE = '2026-01-01T00:00:00Z';
/** A status as the agent writes it. */
export const running = (ip: string, ready = true): NonNullable<Pod['status']> => ({
  phase: 'Running',
  podIP: ip,
  podIPs: [{ ip }],
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: READY_SINCE }],
});

export interface NodeOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: Node['spec'];
  readonly ready?: 'True' | 'False' | 'Unknown';
  readonly extended?: Record<string, string>;
}

export function node(name: string, { cpu = '4', memory = '8Gi', pods = '110', labels, spec, ready = 'True', extended }: NodeOptions = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    ...(spec === undefined ? {} : { spec }),
    status: { allocatable: { cpu, memory, pods, ...extended }, conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: READY_SINCE, lastTransitionTime: READY_SINCE }] },
  };
}

export function replicationController(name: string, replicas: number, extra: Partial<NonNullable<ReplicationController['spec']>> = {}): ReplicationController {
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { app: name }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } }, ...extra },
  };
}

export function service(name: string, spec: Partial<NonNullable<Service['spec']>> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', creationTimestamp: READY_SINCE },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.0.0.7',
      clusterIPs: ['10.0.0.7'],
      ipFamilies: ['IPv4'],
      selector: { app: name },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  };
}
