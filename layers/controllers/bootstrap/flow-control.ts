/** Priority levels and flow schemas that Kubernetes makes for itself (apiserver `flowcontrol/bootstrap`), with its numbers. */
import type { BootstrapObject } from './objects.ts';

const API = 'flowcontrol.apiserver.k8s.io/v1';
const AUTO = { 'apf.kubernetes.io/autoupdate-spec': 'true' };
const NAMESPACES = ['*'];

interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly [field: string]: unknown;
}
const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): Subject => ({ kind: 'User', user: { name } });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } });

const resources = (apiGroups: readonly string[], names: readonly string[], namespaces: readonly string[], clusterScope = false) => ({
  verbs: ['*'],
  apiGroups,
  resources: names,
  ...(clusterScope ? { clusterScope: true } : {}),
  namespaces,
});
const EVERY_RESOURCE = [resources(['*'], ['*'], NAMESPACES, true)];
const EVERY_PATH = [{ verbs: ['*'], nonResourceURLs: ['*'] }];
const ANYTHING = { resourceRules: EVERY_RESOURCE, nonResourceRules: EVERY_PATH };

function level(name: string, shares: number, lendable: number, queues: number, handSize: number): BootstrapObject {
  return {
    resource: 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
    object: {
      apiVersion: API,
      kind: 'PriorityLevelConfiguration',
      metadata: { name, annotations: AUTO },
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: shares,
          lendablePercent: lendable,
          limitResponse: queues === 0 ? { type: 'Reject' } : { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
        },
      },
    },
  };
}

function schema(name: string, priorityLevel: string, matchingPrecedence: number, byUser: boolean, rules: readonly object[]): BootstrapObject {
  return {
    resource: 'flowschemas.flowcontrol.apiserver.k8s.io',
    object: {
      apiVersion: API,
      kind: 'FlowSchema',
      metadata: { name, annotations: AUTO },
      spec: {
        priorityLevelConfiguration: { name: priorityLevel },
        matchingPrecedence,
        ...(name === 'exempt' || name === 'probes' ? {} : { distinguisherMethod: { type: byUser ? 'ByUser' : 'ByNamespace' } }),
        rules,
      },
    },
  };
}

export const flowControl: readonly BootstrapObject[] = [
  {
    resource: 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
    object: {
      apiVersion: API,
      kind: 'PriorityLevelConfiguration',
      metadata: { name: 'exempt', annotations: AUTO },
      spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
    },
  },
  level('catch-all', 5, 0, 0, 0),
  level('system', 30, 33, 64, 6),
  level('node-high', 40, 25, 64, 6),
  level('leader-election', 10, 0, 16, 4),
  level('workload-high', 40, 50, 128, 6),
  level('workload-low', 100, 90, 128, 6),
  level('global-default', 20, 50, 128, 6),
  schema('exempt', 'exempt', 1, true, [{ subjects: [group('system:masters')], ...ANYTHING }]),
  schema('probes', 'exempt', 2, true, [
    { subjects: [group('system:unauthenticated'), group('system:authenticated')], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  ]),
  schema('system-leader-election', 'leader-election', 100, true, [
    {
      subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), account('*')],
      resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] }],
    },
  ]),
  schema('system-node-high', 'node-high', 400, true, [
    {
      subjects: [group('system:nodes')],
      resourceRules: [resources([''], ['nodes', 'nodes/status'], NAMESPACES, true), resources(['coordination.k8s.io'], ['leases'], NAMESPACES)],
    },
  ]),
  schema('system-nodes', 'system', 500, true, [{ subjects: [group('system:nodes')], ...ANYTHING }]),
  schema('kube-controller-manager', 'workload-high', 800, false, [{ subjects: [user('system:kube-controller-manager')], ...ANYTHING }]),
  schema('kube-scheduler', 'workload-high', 800, false, [{ subjects: [user('system:kube-scheduler')], ...ANYTHING }]),
  schema('kube-system-service-accounts', 'workload-high', 900, false, [{ subjects: [account('*')], ...ANYTHING }]),
  schema('service-accounts', 'workload-low', 9000, true, [{ subjects: [group('system:serviceaccounts')], ...ANYTHING }]),
  schema('global-default', 'global-default', 9900, true, [{ subjects: [group('system:unauthenticated'), group('system:authenticated')], ...ANYTHING }]),
  schema('catch-all', 'catch-all', 10_000, true, [{ subjects: [group('system:unauthenticated'), group('system:authenticated')], ...ANYTHING }]),
];
