/**
 * The roles and bindings that every cluster has (Kubernetes' `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`, "Default roles and role
 * bindings" in its documentation): users, charts and the conformance suite expect them by name.
 */
import type { PolicyRule } from './rbac/rules.ts';

const READ = ['get', 'list', 'watch'] as const;
const EDIT = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;
const READ_UPDATE = ['get', 'list', 'patch', 'update', 'watch'] as const;
const READ_WRITE = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

const rule = (verbs: readonly string[], groups: string | readonly string[], ...resources: string[]): PolicyRule => ({
  verbs,
  apiGroups: typeof groups === 'string' ? [groups] : groups,
  resources,
});
const named = (base: PolicyRule, ...resourceNames: string[]): PolicyRule => ({ ...base, resourceNames });
const urls = (verbs: readonly string[], ...nonResourceURLs: string[]): PolicyRule => ({ verbs, nonResourceURLs });
const events = (): PolicyRule => rule(['create', 'patch', 'update'], ['', 'events.k8s.io'], 'events');

export interface BootstrapRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
  /** Aggregated from the roles with these labels; `rules` stay empty. */
  readonly aggregates?: Readonly<Record<string, string>>;
}

export interface BootstrapSubject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
}

export interface BootstrapBinding {
  readonly name: string;
  readonly role: string;
  readonly subjects: readonly BootstrapSubject[];
}

const GROUP = 'rbac.authorization.k8s.io/aggregate-to-';
const APPS = ['apps'] as const;

const viewRules: readonly PolicyRule[] = [
  rule(
    READ,
    '',
    'configmaps',
    'endpoints',
    'persistentvolumeclaims',
    'persistentvolumeclaims/status',
    'pods',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'serviceaccounts',
    'services',
    'services/status',
  ),
  rule(READ, '', 'bindings', 'events', 'limitranges', 'namespaces/status', 'pods/log', 'pods/status', 'replicationcontrollers/status', 'resourcequotas', 'resourcequotas/status'),
  rule(READ, '', 'namespaces'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(
    READ,
    APPS,
    'controllerrevisions',
    'daemonsets',
    'daemonsets/status',
    'deployments',
    'deployments/scale',
    'deployments/status',
    'replicasets',
    'replicasets/scale',
    'replicasets/status',
    'statefulsets',
    'statefulsets/scale',
    'statefulsets/status',
  ),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers', 'horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'),
  rule(
    READ,
    'extensions',
    'daemonsets',
    'daemonsets/status',
    'deployments',
    'deployments/scale',
    'deployments/status',
    'ingresses',
    'ingresses/status',
    'networkpolicies',
    'replicasets',
    'replicasets/scale',
    'replicasets/status',
    'replicationcontrollers/scale',
  ),
  rule(READ, 'policy', 'poddisruptionbudgets', 'poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses', 'ingresses/status', 'networkpolicies'),
  rule(READ, 'resource.k8s.io', 'resourceclaims', 'resourceclaims/status', 'resourceclaimtemplates'),
];

const editRules: readonly PolicyRule[] = [
  rule(READ, '', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'),
  rule(['impersonate'], '', 'serviceaccounts'),
  rule(EDIT, '', 'pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'),
  rule(['create'], '', 'pods/eviction'),
  rule(
    EDIT,
    '',
    'configmaps',
    'events',
    'persistentvolumeclaims',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'secrets',
    'serviceaccounts',
    'services',
    'services/proxy',
  ),
  rule(['create'], '', 'serviceaccounts/token'),
  rule(EDIT, APPS, 'daemonsets', 'deployments', 'deployments/rollback', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale'),
  rule(EDIT, 'autoscaling', 'horizontalpodautoscalers'),
  rule(EDIT, 'batch', 'cronjobs', 'jobs'),
  rule(
    EDIT,
    'extensions',
    'daemonsets',
    'deployments',
    'deployments/rollback',
    'deployments/scale',
    'ingresses',
    'networkpolicies',
    'replicasets',
    'replicasets/scale',
    'replicationcontrollers/scale',
  ),
  rule(EDIT, 'policy', 'poddisruptionbudgets'),
  rule(EDIT, 'networking.k8s.io', 'ingresses', 'networkpolicies'),
  rule(READ_WRITE, 'coordination.k8s.io', 'leases'),
  rule(EDIT, 'resource.k8s.io', 'resourceclaims', 'resourceclaimtemplates'),
];

const adminRules: readonly PolicyRule[] = [
  rule(['create'], 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(READ_WRITE, 'rbac.authorization.k8s.io', 'rolebindings', 'roles'),
];

/** What the controllers of the control plane may do, each under its own service account in kube-system. */
const controllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule(['get', 'list', 'watch'], '', 'persistentvolumes', 'persistentvolumeclaims', 'pods', 'nodes'),
    rule(['patch', 'update'], '', 'nodes/status'),
    rule(READ_WRITE, 'storage.k8s.io', 'volumeattachments'),
    rule(READ, 'storage.k8s.io', 'csidrivers', 'csinodes'),
    events(),
  ],
  'certificate-controller': [
    rule(['delete', 'get', 'list', 'watch'], 'certificates.k8s.io', 'certificatesigningrequests'),
    rule(['update'], 'certificates.k8s.io', 'certificatesigningrequests/status', 'certificatesigningrequests/approval'),
    named(rule(['approve'], 'certificates.k8s.io', 'signers'), 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule(['sign'], 'certificates.k8s.io', 'signers'),
    rule(['create'], 'authorization.k8s.io', 'subjectaccessreviews'),
    events(),
  ],
  'clusterrole-aggregation-controller': [rule(['escalate', 'get', 'list', 'patch', 'update', 'watch'], 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [
    rule(READ_UPDATE, 'batch', 'cronjobs'),
    rule(READ_WRITE, 'batch', 'jobs'),
    rule(['update'], 'batch', 'cronjobs/status', 'cronjobs/finalizers'),
    rule(['delete', 'list'], '', 'pods'),
    events(),
  ],
  'daemon-set-controller': [
    rule(READ, APPS, 'daemonsets'),
    rule(['update'], APPS, 'daemonsets/status', 'daemonsets/finalizers'),
    rule(READ, '', 'nodes'),
    rule(['create', 'delete', 'list', 'patch', 'watch'], '', 'pods'),
    rule(['create'], '', 'pods/binding'),
    rule(['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], APPS, 'controllerrevisions'),
    events(),
  ],
  'deployment-controller': [
    rule(READ_UPDATE, APPS, 'deployments'),
    rule(['update'], APPS, 'deployments/status', 'deployments/finalizers'),
    rule(READ_WRITE, APPS, 'replicasets'),
    rule(['get', 'list', 'update', 'watch'], '', 'pods'),
    events(),
  ],
  'disruption-controller': [
    rule(READ, APPS, 'deployments', 'replicasets', 'statefulsets'),
    rule(READ, '', 'replicationcontrollers', 'pods'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule(['update'], 'policy', 'poddisruptionbudgets/status'),
    rule(['patch', 'update'], '', 'pods/status'),
    rule(['get'], '*', '*/scale'),
    events(),
  ],
  'endpoint-controller': [
    rule(READ, '', 'pods', 'services'),
    rule(['create', 'delete', 'get', 'list', 'update'], '', 'endpoints'),
    rule(['create'], '', 'endpoints/restricted'),
    events(),
  ],
  'endpointslice-controller': [
    rule(READ, '', 'nodes', 'pods', 'services'),
    rule(['update'], '', 'services/finalizers'),
    rule(['create', 'delete', 'get', 'list', 'update'], 'discovery.k8s.io', 'endpointslices'),
    rule(['create'], 'discovery.k8s.io', 'endpointslices/restricted'),
    events(),
  ],
  'endpointslicemirroring-controller': [
    rule(READ, '', 'endpoints', 'services'),
    rule(['update'], '', 'services/finalizers', 'endpoints/finalizers'),
    rule(['create', 'delete', 'get', 'list', 'update'], 'discovery.k8s.io', 'endpointslices'),
    rule(['create'], 'discovery.k8s.io', 'endpointslices/restricted'),
    events(),
  ],
  'ephemeral-volume-controller': [
    rule(READ, '', 'pods'),
    rule(['update'], '', 'pods/finalizers'),
    rule(['create', 'get', 'list', 'watch'], '', 'persistentvolumeclaims'),
    events(),
  ],
  'expand-controller': [
    rule(READ_UPDATE, '', 'persistentvolumes'),
    rule(['patch', 'update'], '', 'persistentvolumeclaims/status'),
    rule(READ, '', 'persistentvolumeclaims', 'pods'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    events(),
  ],
  'generic-garbage-collector': [rule(['delete', 'get', 'list', 'patch', 'update', 'watch'], '*', '*'), events()],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule(['update'], 'autoscaling', 'horizontalpodautoscalers/status'),
    rule(['get', 'update'], '*', '*/scale'),
    rule(['list'], '', 'pods'),
    rule(['list'], 'metrics.k8s.io', 'pods'),
    rule(['get', 'list'], ['custom.metrics.k8s.io', 'external.metrics.k8s.io'], '*'),
    events(),
  ],
  'job-controller': [
    rule(READ_UPDATE, 'batch', 'jobs'),
    rule(['update'], 'batch', 'jobs/status', 'jobs/finalizers'),
    rule(['create', 'delete', 'list', 'patch', 'watch'], '', 'pods'),
    rule(['patch', 'update'], '', 'pods/status'),
    events(),
  ],
  'namespace-controller': [
    rule(['delete', 'get', 'list', 'watch'], '', 'namespaces'),
    rule(['update'], '', 'namespaces/finalize', 'namespaces/status'),
    rule(['delete', 'deletecollection', 'get', 'list'], '*', '*'),
  ],
  'node-controller': [
    rule(['delete', 'get', 'list', 'patch', 'update', 'watch'], '', 'nodes'),
    rule(['patch', 'update'], '', 'nodes/status', 'pods/status'),
    rule(['delete', 'get', 'list', 'watch'], '', 'pods'),
    rule(READ, 'coordination.k8s.io', 'leases'),
    rule(READ, 'networking.k8s.io', 'servicecidrs'),
    events(),
  ],
  'persistent-volume-binder': [
    rule(['create', 'delete', 'get', 'list', 'update', 'watch'], '', 'persistentvolumes'),
    rule(['update'], '', 'persistentvolumes/status', 'persistentvolumeclaims/status'),
    rule(['get', 'list', 'update', 'watch'], '', 'persistentvolumeclaims'),
    rule(['create', 'delete', 'get', 'list', 'watch'], '', 'pods'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule(READ, '', 'nodes'),
    events(),
  ],
  'pod-garbage-collector': [rule(['delete', 'list', 'watch'], '', 'pods'), rule(['get', 'list', 'watch'], '', 'nodes'), rule(['patch'], '', 'pods/status')],
  'pv-protection-controller': [rule(['get', 'list', 'update', 'watch'], '', 'persistentvolumes'), events()],
  'pvc-protection-controller': [rule(['get', 'list', 'update', 'watch'], '', 'persistentvolumeclaims'), rule(READ, '', 'pods'), events()],
  'replicaset-controller': [
    rule(READ_UPDATE, APPS, 'replicasets'),
    rule(['update'], APPS, 'replicasets/status', 'replicasets/finalizers'),
    rule(['create', 'delete', 'list', 'patch', 'watch'], '', 'pods'),
    events(),
  ],
  'replication-controller': [
    rule(READ_UPDATE, '', 'replicationcontrollers'),
    rule(['update'], '', 'replicationcontrollers/status', 'replicationcontrollers/finalizers'),
    rule(['create', 'delete', 'list', 'patch', 'watch'], '', 'pods'),
    events(),
  ],
  'resource-claim-controller': [
    rule(READ, '', 'pods'),
    rule(['patch', 'update'], '', 'pods/status'),
    rule(['update'], '', 'pods/finalizers'),
    rule(['create', 'delete', 'get', 'list', 'update', 'watch'], 'resource.k8s.io', 'resourceclaims'),
    rule(['update'], 'resource.k8s.io', 'resourceclaims/status'),
    rule(READ, 'resource.k8s.io', 'resourceclaimtemplates'),
    events(),
  ],
  'resourcequota-controller': [rule(['list', 'watch'], '*', '*'), rule(['update'], '', 'resourcequotas/status'), events()],
  'root-ca-cert-publisher': [rule(['create', 'update'], '', 'configmaps'), events()],
  'route-controller': [rule(['list', 'watch'], '', 'nodes'), rule(['patch'], '', 'nodes/status'), events()],
  'service-account-controller': [rule(['create'], '', 'serviceaccounts'), events()],
  'service-controller': [rule(READ, '', 'services'), rule(['patch', 'update'], '', 'services/status'), rule(['list', 'watch'], '', 'nodes'), events()],
  'statefulset-controller': [
    rule(['list', 'watch'], '', 'pods'),
    rule(READ, APPS, 'statefulsets'),
    rule(['update'], APPS, 'statefulsets/status', 'statefulsets/finalizers'),
    rule(['create', 'delete', 'get', 'patch', 'update'], '', 'pods'),
    rule(['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], APPS, 'controllerrevisions'),
    rule(['create', 'delete', 'get', 'update'], '', 'persistentvolumeclaims'),
    events(),
  ],
  'ttl-after-finished-controller': [rule(['delete', 'get', 'list', 'watch'], 'batch', 'jobs'), events()],
  'ttl-controller': [rule(['list', 'patch', 'update', 'watch'], '', 'nodes'), events()],
  'validatingadmissionpolicy-status-controller': [
    rule(READ, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    rule(['get', 'patch', 'update'], 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    events(),
  ],
};

const nodeRules: readonly PolicyRule[] = [
  rule(['create'], 'authentication.k8s.io', 'tokenreviews'),
  rule(['create'], 'authorization.k8s.io', 'localsubjectaccessreviews', 'subjectaccessreviews'),
  rule(READ, '', 'services'),
  rule(['create', 'get', 'list', 'watch'], '', 'nodes'),
  rule(['patch', 'update'], '', 'nodes/status'),
  rule(['patch', 'update'], '', 'nodes'),
  rule(READ, '', 'pods'),
  rule(['create', 'delete'], '', 'pods'),
  rule(['patch', 'update'], '', 'pods/status'),
  rule(['create'], '', 'pods/eviction'),
  rule(READ, '', 'configmaps', 'secrets'),
  rule(['get'], '', 'persistentvolumeclaims', 'persistentvolumes'),
  rule(['get'], '', 'endpoints'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(['create', 'get', 'list', 'watch'], 'certificates.k8s.io', 'certificatesigningrequests'),
  rule(['create', 'delete', 'get', 'patch', 'update'], 'coordination.k8s.io', 'leases'),
  rule(['get'], 'storage.k8s.io', 'volumeattachments'),
  rule(['create'], '', 'serviceaccounts/token'),
  rule(['get', 'patch', 'update'], '', 'persistentvolumeclaims/status'),
  rule(READ, 'storage.k8s.io', 'csidrivers'),
  rule(['create', 'delete', 'get', 'patch', 'update'], 'storage.k8s.io', 'csinodes'),
  rule(READ, 'node.k8s.io', 'runtimeclasses'),
  rule(['get'], 'resource.k8s.io', 'resourceclaims'),
  rule(['deletecollection'], 'resource.k8s.io', 'resourceslices'),
  events(),
];

const schedulerRules: readonly PolicyRule[] = [
  rule(['create'], ['', 'events.k8s.io'], 'events'),
  rule(['patch', 'update'], ['', 'events.k8s.io'], 'events'),
  rule(['create'], 'coordination.k8s.io', 'leases'),
  named(rule(['get', 'update'], 'coordination.k8s.io', 'leases'), 'kube-scheduler'),
  rule(READ, '', 'nodes', 'namespaces', 'replicationcontrollers', 'services', 'persistentvolumes'),
  rule(['delete', 'get', 'list', 'watch'], '', 'pods'),
  rule(['create'], '', 'bindings', 'pods/binding'),
  rule(['patch', 'update'], '', 'pods/status'),
  rule(READ, ['apps', 'extensions'], 'replicasets', 'statefulsets'),
  rule(READ, 'policy', 'poddisruptionbudgets'),
  rule(READ_UPDATE, '', 'persistentvolumeclaims', 'persistentvolumes'),
  rule(['create'], 'authentication.k8s.io', 'tokenreviews'),
  rule(['create'], 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(READ, 'storage.k8s.io', 'csinodes', 'csidrivers', 'csistoragecapacities', 'storageclasses', 'volumeattachments'),
  rule(READ, 'resource.k8s.io', 'deviceclasses', 'resourceslices'),
  rule(READ_UPDATE, 'resource.k8s.io', 'resourceclaims', 'resourceclaims/status'),
];

const controllerManagerRules: readonly PolicyRule[] = [
  rule(['create', 'patch', 'update'], ['', 'events.k8s.io'], 'events'),
  rule(['create'], 'coordination.k8s.io', 'leases'),
  named(rule(['get', 'update'], 'coordination.k8s.io', 'leases'), 'kube-controller-manager'),
  rule(['create'], '', 'secrets', 'serviceaccounts'),
  rule(['delete'], '', 'secrets'),
  rule(['get'], '', 'configmaps', 'namespaces', 'secrets', 'serviceaccounts'),
  rule(['update'], '', 'secrets', 'serviceaccounts'),
  rule(['create'], 'authentication.k8s.io', 'tokenreviews'),
  rule(['create'], 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(['list', 'watch'], '*', '*'),
  rule(['create'], '', 'serviceaccounts/token'),
];

export const BOOTSTRAP_CLUSTER_ROLES: readonly BootstrapRole[] = [
  { name: 'cluster-admin', rules: [rule(['*'], '*', '*'), urls(['*'], '*')] },
  { name: 'system:discovery', rules: [urls(['get'], '/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/')] },
  { name: 'system:monitoring', rules: [urls(['get'], '/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')] },
  {
    name: 'system:basic-user',
    rules: [rule(['create'], 'authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'), rule(['create'], 'authentication.k8s.io', 'selfsubjectreviews')],
  },
  { name: 'system:public-info-viewer', rules: [urls(['get'], '/healthz', '/livez', '/readyz', '/version', '/version/')] },
  { name: 'admin', rules: [], aggregates: { [`${GROUP}admin`]: 'true' } },
  { name: 'edit', labels: { [`${GROUP}admin`]: 'true' }, rules: [], aggregates: { [`${GROUP}edit`]: 'true' } },
  { name: 'view', labels: { [`${GROUP}edit`]: 'true' }, rules: [], aggregates: { [`${GROUP}view`]: 'true' } },
  { name: 'system:aggregate-to-admin', labels: { [`${GROUP}admin`]: 'true' }, rules: adminRules },
  { name: 'system:aggregate-to-edit', labels: { [`${GROUP}edit`]: 'true' }, rules: editRules },
  { name: 'system:aggregate-to-view', labels: { [`${GROUP}view`]: 'true' }, rules: viewRules },
  // as metrics-server's manifests bring it, since its API is built in; under a name of our own, so that they can be installed
  {
    name: 'paperplane:aggregated-metrics-reader',
    labels: { [`${GROUP}admin`]: 'true', [`${GROUP}edit`]: 'true', [`${GROUP}view`]: 'true' },
    rules: [rule(READ, 'metrics.k8s.io', 'pods', 'nodes')],
  },
  { name: 'system:heapster', rules: [rule(READ, '', 'events', 'namespaces', 'nodes', 'pods'), rule(READ, 'extensions', 'deployments')] },
  { name: 'system:node', rules: nodeRules },
  { name: 'system:node-problem-detector', rules: [rule(['get'], '', 'nodes'), rule(['patch'], '', 'nodes/status'), events()] },
  {
    name: 'system:node-proxier',
    rules: [
      rule(['list', 'watch'], '', 'services', 'endpoints', 'nodes'),
      rule(['list', 'watch'], 'discovery.k8s.io', 'endpointslices'),
      rule(['list', 'watch'], 'networking.k8s.io', 'servicecidrs'),
      events(),
    ],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      rule(READ, '', 'nodes'),
      rule(['proxy'], '', 'nodes'),
      rule(['*'], '', 'nodes/log', 'nodes/metrics', 'nodes/proxy', 'nodes/stats', 'nodes/healthz', 'nodes/configz', 'nodes/pods', 'nodes/checkpoint'),
    ],
  },
  { name: 'system:node-bootstrapper', rules: [rule(['create', 'get', 'list', 'watch'], 'certificates.k8s.io', 'certificatesigningrequests')] },
  { name: 'system:auth-delegator', rules: [rule(['create'], 'authentication.k8s.io', 'tokenreviews'), rule(['create'], 'authorization.k8s.io', 'subjectaccessreviews')] },
  { name: 'system:kube-aggregator', rules: [rule(READ, '', 'endpoints', 'services')] },
  { name: 'system:kube-controller-manager', rules: controllerManagerRules },
  { name: 'system:kube-dns', rules: [rule(['list', 'watch'], '', 'endpoints', 'services')] },
  { name: 'system:kube-scheduler', rules: schedulerRules },
  {
    name: 'system:volume-scheduler',
    rules: [rule(READ_UPDATE, '', 'persistentvolumes'), rule(READ, 'storage.k8s.io', 'storageclasses'), rule(READ_UPDATE, '', 'persistentvolumeclaims')],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      rule(['create', 'delete', 'get', 'list', 'watch'], '', 'persistentvolumes'),
      rule(['get', 'list', 'update', 'watch'], '', 'persistentvolumeclaims'),
      rule(READ, 'storage.k8s.io', 'storageclasses'),
      rule(['watch'], '', 'events'),
      events(),
    ],
  },
  { name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', rules: [rule(['create'], 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')] },
  { name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', rules: [rule(['create'], 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')] },
  { name: 'system:certificates.k8s.io:kube-apiserver-client-approver', rules: [named(rule(['approve'], 'certificates.k8s.io', 'signers'), 'kubernetes.io/kube-apiserver-client')] },
  {
    name: 'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
    rules: [named(rule(['approve'], 'certificates.k8s.io', 'signers'), 'kubernetes.io/kube-apiserver-client-kubelet')],
  },
  { name: 'system:certificates.k8s.io:kubelet-serving-approver', rules: [named(rule(['approve'], 'certificates.k8s.io', 'signers'), 'kubernetes.io/kubelet-serving')] },
  { name: 'system:certificates.k8s.io:legacy-unknown-approver', rules: [named(rule(['approve'], 'certificates.k8s.io', 'signers'), 'kubernetes.io/legacy-unknown')] },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [urls(['get'], '/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/')],
  },
  ...Object.entries(controllerRules).map(([name, rules]) => ({ name: `system:controller:${name}`, rules })),
];

const group = (name: string): BootstrapSubject => ({ kind: 'Group', name });
const user = (name: string): BootstrapSubject => ({ kind: 'User', name });
const account = (name: string): BootstrapSubject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

export const BOOTSTRAP_CLUSTER_ROLE_BINDINGS: readonly BootstrapBinding[] = [
  { name: 'cluster-admin', role: 'cluster-admin', subjects: [group('system:masters')] },
  { name: 'system:monitoring', role: 'system:monitoring', subjects: [group('system:monitoring')] },
  { name: 'system:discovery', role: 'system:discovery', subjects: [group('system:authenticated')] },
  { name: 'system:basic-user', role: 'system:basic-user', subjects: [group('system:authenticated')] },
  { name: 'system:public-info-viewer', role: 'system:public-info-viewer', subjects: [group('system:authenticated'), group('system:unauthenticated')] },
  { name: 'system:node-proxier', role: 'system:node-proxier', subjects: [user('system:kube-proxy')] },
  { name: 'system:kube-controller-manager', role: 'system:kube-controller-manager', subjects: [user('system:kube-controller-manager')] },
  { name: 'system:kube-dns', role: 'system:kube-dns', subjects: [account('kube-dns')] },
  { name: 'system:kube-scheduler', role: 'system:kube-scheduler', subjects: [user('system:kube-scheduler')] },
  { name: 'system:volume-scheduler', role: 'system:volume-scheduler', subjects: [user('system:kube-scheduler')] },
  { name: 'system:node', role: 'system:node', subjects: [] },
  { name: 'system:service-account-issuer-discovery', role: 'system:service-account-issuer-discovery', subjects: [group('system:serviceaccounts')] },
  ...Object.keys(controllerRules).map((name) => ({ name: `system:controller:${name}`, role: `system:controller:${name}`, subjects: [account(name)] })),
];

export interface NamespacedBootstrap {
  readonly namespace: string;
  readonly role: { readonly name: string; readonly rules: readonly PolicyRule[] };
  readonly subjects: readonly BootstrapSubject[];
}

export const BOOTSTRAP_ROLES: readonly NamespacedBootstrap[] = [
  {
    namespace: 'kube-system',
    role: { name: 'extension-apiserver-authentication-reader', rules: [named(rule(READ, '', 'configmaps'), 'extension-apiserver-authentication')] },
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  { namespace: 'kube-system', role: { name: 'system:controller:bootstrap-signer', rules: [rule(READ, '', 'secrets')] }, subjects: [account('bootstrap-signer')] },
  {
    namespace: 'kube-system',
    role: { name: 'system:controller:token-cleaner', rules: [rule(['delete', 'get', 'list', 'watch'], '', 'secrets'), events()] },
    subjects: [account('token-cleaner')],
  },
  {
    namespace: 'kube-system',
    role: {
      name: 'system::leader-locking-kube-controller-manager',
      rules: [rule(['watch'], '', 'configmaps'), named(rule(['get', 'update'], '', 'configmaps'), 'kube-controller-manager')],
    },
    subjects: [user('system:kube-controller-manager'), account('kube-controller-manager')],
  },
  {
    namespace: 'kube-system',
    role: { name: 'system::leader-locking-kube-scheduler', rules: [rule(['watch'], '', 'configmaps'), named(rule(['get', 'update'], '', 'configmaps'), 'kube-scheduler')] },
    subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  },
  {
    namespace: 'kube-public',
    role: { name: 'system:controller:bootstrap-signer', rules: [rule(READ, '', 'configmaps'), named(rule(['update'], '', 'configmaps'), 'cluster-info'), events()] },
    subjects: [account('bootstrap-signer')],
  },
];
