/** A small valid object of every kind. Each is the beginning of many that are not. */
export interface Seed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly [field: string]: unknown;
}

const made = (apiVersion: string, kind: string, fields: Readonly<Record<string, unknown>> = {}, name = 'seed'): Seed => ({ apiVersion, kind, metadata: { name }, ...fields });

const container = { name: 'c', image: 'example/app:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }], resources: { requests: { cpu: '100m' } } };
const podSpec = { containers: [container], volumes: [{ name: 'v', emptyDir: {} }] };
const labels = { app: 'seed' };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'fast' };
const hook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/hook' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  matchPolicy: 'Equivalent',
};
const constraints = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] };
const request =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1ISUNBUUF3RURFT01Bd0dBMVVFQXd3RllXeHBZMlV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQgpCd05DQUFURzBlQ3J1cU5FMm56SFZsekZ3OS9GSEdwVEw5WjJZVDhZUWdRb2ZObzRxVEc0SzdlcDJoNUl0dkl0CkV5U3JabWVFcDV6U2dja1FmV3hWYnh0Zm5sMUFvQUF3Q2dZSUtvWkl6ajBFQXdJRFJ3QXdSQUlnQVY1S2txMVMKanpvQ2QxVDd2OHdSNnhJcVh1TnpQQi9CbWRlUnpZb3Q3OUFDSUFNSGlkNlplZGZHdjRZaCtzOWsrdUlUbVN5ago0UWF0OGdZRTlHSzB0eTU1Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';

export const SEEDS: readonly Seed[] = [
  made('v1', 'ConfigMap', { data: { a: 'b' }, binaryData: { c: 'AAAA' } }),
  made('v1', 'Secret', { data: { a: 'Yg==' }, stringData: { c: 'd' }, type: 'Opaque' }),
  made('v1', 'Namespace', {}, 'seed-namespace'),
  made('v1', 'ServiceAccount', { secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'b' }] }),
  made('v1', 'Pod', { spec: podSpec }),
  made('v1', 'PodTemplate', { template }),
  made('v1', 'ReplicationController', { spec: { replicas: 1, selector: labels, template } }),
  made('v1', 'Service', { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } }),
  made('v1', 'Endpoints', { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ name: 'http', port: 80 }] }] }),
  made('v1', 'Event', { involvedObject: { kind: 'Pod', name: 'seed', namespace: 'diff' }, reason: 'Why', message: 'said', type: 'Normal', source: { component: 'me' } }),
  made('v1', 'LimitRange', { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '10m' }, default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }] } }),
  made('v1', 'ResourceQuota', { spec: { hard: { pods: '10', 'requests.cpu': '4' }, scopes: ['NotTerminating'] } }),
  made('v1', 'Node', { spec: { podCIDR: '10.244.0.0/24', taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] } }),
  made('v1', 'PersistentVolume', { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } }),
  made('v1', 'PersistentVolumeClaim', { spec: claimSpec }),
  made('apps/v1', 'Deployment', { spec: { replicas: 1, selector, template, strategy: { rollingUpdate: { maxSurge: 1 } } } }),
  made('apps/v1', 'ReplicaSet', { spec: { replicas: 1, selector, template } }),
  made('apps/v1', 'StatefulSet', { spec: { serviceName: 'seed', selector, template, volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claimSpec }] } }),
  made('apps/v1', 'DaemonSet', { spec: { selector, template } }),
  made('apps/v1', 'ControllerRevision', { revision: 1, data: { a: 1 } }),
  made('batch/v1', 'Job', { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } }),
  made('batch/v1', 'CronJob', { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } } }),
  made('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'seed' },
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    },
  }),
  made('autoscaling/v1', 'HorizontalPodAutoscaler', {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'seed' }, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  }),
  made('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, selector } }),
  made('networking.k8s.io/v1', 'Ingress', {
    spec: { rules: [{ host: 'example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'seed', port: { number: 80 } } } }] } }] },
  }),
  made('networking.k8s.io/v1', 'IngressClass', { spec: { controller: 'example.com/x' } }),
  made('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: selector, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 80 }] }] } }),
  made('networking.k8s.io/v1', 'IPAddress', { spec: { parentRef: { resource: 'services', namespace: 'diff', name: 'seed' } } }, '192.168.5.5'),
  made('networking.k8s.io/v1', 'ServiceCIDR', { spec: { cidrs: ['192.168.0.0/24'] } }),
  made('rbac.authorization.k8s.io/v1', 'Role', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  made('rbac.authorization.k8s.io/v1', 'ClusterRole', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  made('rbac.authorization.k8s.io/v1', 'RoleBinding', {
    subjects: [{ kind: 'User', name: 'alice' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'seed' },
  }),
  made('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', {
    subjects: [{ kind: 'User', name: 'alice' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'seed' },
  }),
  made('scheduling.k8s.io/v1', 'PriorityClass', { value: 10 }),
  made('storage.k8s.io/v1', 'StorageClass', { provisioner: 'example.com/x', parameters: { a: 'b' } }),
  made('storage.k8s.io/v1', 'CSIDriver', { spec: { attachRequired: false } }),
  made('storage.k8s.io/v1', 'CSINode', { spec: { drivers: [{ name: 'a.example.com', nodeID: 'x', topologyKeys: ['a'] }] } }),
  made('storage.k8s.io/v1', 'CSIStorageCapacity', { storageClassName: 'fast', capacity: '1Gi' }),
  made('storage.k8s.io/v1', 'VolumeAttachment', { spec: { attacher: 'example.com/x', nodeName: 'n', source: { persistentVolumeName: 'p' } } }),
  made('storage.k8s.io/v1', 'VolumeAttributesClass', { driverName: 'example.com', parameters: { a: 'b' } }),
  made('coordination.k8s.io/v1', 'Lease', { spec: { holderIdentity: 'me', leaseDurationSeconds: 10 } }),
  made('discovery.k8s.io/v1', 'EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }], ports: [{ name: 'http', port: 80 }] }),
  made('events.k8s.io/v1', 'Event', {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/me',
    reportingInstance: 'x',
    action: 'Do',
    reason: 'Why',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'seed', namespace: 'diff' },
  }),
  made('node.k8s.io/v1', 'RuntimeClass', { handler: 'runc', overhead: { podFixed: { cpu: '10m' } } }),
  made('certificates.k8s.io/v1', 'CertificateSigningRequest', { spec: { request, signerName: 'example.com/signer', usages: ['client auth'] } }),
  made('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', {
    spec: {
      priorityLevelConfiguration: { name: 'global-default' },
      rules: [{ subjects: [{ kind: 'User', user: { name: 'alice' } }], resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }] }],
    },
  }),
  made('flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', {
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 10 } } } },
  }),
  made('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { webhooks: [{ ...hook, failurePolicy: 'Ignore', objectSelector: { matchLabels: { none: 'x' } } }] }),
  made('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { webhooks: [{ ...hook, failurePolicy: 'Ignore', objectSelector: { matchLabels: { none: 'x' } } }] }),
  made('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', {
    spec: { matchConstraints: constraints, validations: [{ expression: 'object.metadata.name != "x"', message: 'no' }] },
  }),
  made('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', { spec: { policyName: 'none', validationActions: ['Deny'] } }),
  made('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', {
    spec: {
      matchConstraints: constraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' } }],
    },
  }),
  made('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicyBinding', { spec: { policyName: 'none' } }),
  made(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    {
      spec: {
        group: 'example.com',
        names: { plural: 'seeds', kind: 'Seed' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } } }],
      },
    },
    'seeds.example.com',
  ),
  made(
    'apiregistration.k8s.io/v1',
    'APIService',
    { spec: { group: 'example.org', version: 'v1', service: { name: 'x', namespace: 'diff' }, groupPriorityMinimum: 1000, versionPriority: 15, insecureSkipTLSVerify: true } },
    'v1.example.org',
  ),
  made('resource.k8s.io/v1', 'DeviceClass', { spec: { selectors: [{ cel: { expression: 'device.driver == "example.com"' } }] } }),
  made('resource.k8s.io/v1', 'ResourceClaim', { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'seed' } }] } } }),
  made('resource.k8s.io/v1', 'ResourceClaimTemplate', { spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'seed' } }] } } } }),
  made('resource.k8s.io/v1', 'ResourceSlice', {
    spec: {
      driver: 'example.com',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      nodeName: 'n',
      devices: [{ name: 'd', attributes: { a: { string: 'b' } }, capacity: { m: { value: '1Gi' } } }],
    },
  }),
];
