/** What no source says: written by hand from kubernetes/api's comments (`+listType`, `+listMapKey`, `+structType`, `+default`). */
import type { GoStruct } from './go-structs.ts';

export interface ListMerge {
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'granular' | 'atomic';
}

const SET: ListMerge = { listType: 'set' };
const ATOMIC: ListMerge = { listType: 'atomic' };
const map = (...listMapKeys: string[]): ListMerge => ({ listType: 'map', listMapKeys });

const ATOMIC_STRUCT = { '.': { mapType: 'atomic' } } as const;

/** By type and field; `.` is the type itself. */
export const LIST_EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, ListMerge>>>> = {
  'io.k8s.api.admissionregistration.v1.MatchResources': ATOMIC_STRUCT,
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations': ATOMIC_STRUCT,
  'io.k8s.api.admissionregistration.v1.ParamKind': ATOMIC_STRUCT,
  'io.k8s.api.admissionregistration.v1.ParamRef': ATOMIC_STRUCT,
  'io.k8s.api.admissionregistration.v1.Variable': ATOMIC_STRUCT,
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus': { conditions: map('type') },
  'io.k8s.api.core.v1.EphemeralContainer': { ports: map('containerPort', 'protocol') },
  'io.k8s.api.core.v1.FileKeySelector': ATOMIC_STRUCT,
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus': { allocatedResourceStatuses: { mapType: 'granular' } },
  'io.k8s.api.core.v1.PersistentVolumeSpec': { claimRef: { mapType: 'granular' } },
  'io.k8s.api.networking.v1.ServiceBackendPort': ATOMIC_STRUCT,
  'io.k8s.api.resource.v1.AllocatedDeviceStatus': { conditions: map('type') },
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResource': { verbs: {} },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec': { caBundle: ATOMIC },
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': { validationActions: SET },
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec': { variables: ATOMIC },
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement': { values: SET },
  'io.k8s.api.core.v1.ResourceRequirements': { claims: map('name') },
  'io.k8s.api.core.v1.ResourceStatus': { resources: map('resourceID') },
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes': { values: SET },
  'io.k8s.api.core.v1.PodStatus': { hostIPs: ATOMIC },
  'io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus': { containers: SET },
  'io.k8s.api.flowcontrol.v1.ResourcePolicyRule': { verbs: SET, apiGroups: SET, resources: SET, namespaces: SET },
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule': { verbs: SET, nonResourceURLs: SET },
  'io.k8s.api.networking.v1.IngressLoadBalancerIngress': { ports: ATOMIC },
  'io.k8s.api.resource.v1.ResourceClaimStatus': { devices: map('driver', 'device', 'pool', 'shareID') },
};

/** Values that a list-map key takes where it is absent. */
export const DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'io.k8s.api.core.v1.ContainerPort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.ServicePort': { protocol: 'TCP' },
};

/** Unions newer than the document at hand. */
export const UNIONS: Readonly<Record<string, readonly unknown[]>> = {
  'io.k8s.api.core.v1.AppArmorProfile': [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }],
  'io.k8s.api.core.v1.PodSchedulingGroup': [{ 'fields-to-discriminateBy': { podGroupName: 'PodGroupName' } }],
  'io.k8s.api.flowcontrol.v1.LimitResponse': [{ discriminator: 'type', 'fields-to-discriminateBy': { queuing: 'Queuing' } }],
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec': [{ discriminator: 'type', 'fields-to-discriminateBy': { exempt: 'Exempt', limited: 'Limited' } }],
  'io.k8s.api.flowcontrol.v1.Subject': [{ discriminator: 'kind', 'fields-to-discriminateBy': { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } }],
};

/** kube-aggregator's types, which no program at hand links (kube-aggregator `pkg/apis/apiregistration/v1`): Go name, Go type, JSON, protobuf number. */
const REGISTRATION: Readonly<Record<string, readonly string[]>> = {
  ServiceReference: ['Namespace string namespace,omitempty 1', 'Name string name,omitempty 2', 'Port *int32 port,omitempty 3'],
  APIServiceSpec: [
    'Service *ServiceReference service,omitempty 1',
    'Group string group,omitempty 2',
    'Version string version,omitempty 3',
    'InsecureSkipTLSVerify bool insecureSkipTLSVerify,omitempty 4',
    'CABundle []byte caBundle,omitempty 5',
    'GroupPriorityMinimum int32 groupPriorityMinimum 7',
    'VersionPriority int32 versionPriority 8',
  ],
  APIServiceCondition: [
    'Type string type 1',
    'Status string status 2',
    'LastTransitionTime meta.Time lastTransitionTime,omitempty 3',
    'Reason string reason,omitempty 4',
    'Message string message,omitempty 5',
  ],
  APIServiceStatus: ['Conditions []APIServiceCondition conditions,omitempty 1 type'],
  APIService: ['TypeMeta', 'ObjectMeta meta.ObjectMeta metadata,omitempty 1', 'Spec APIServiceSpec spec,omitempty 2', 'Status APIServiceStatus status,omitempty 3'],
  APIServiceList: ['TypeMeta', 'ListMeta meta.ListMeta metadata,omitempty 1', 'Items []APIService items 2'],
};

const META = 'k8s.io/apimachinery/pkg/apis/meta/v1';
const REGISTRATION_PACKAGE = 'k8s.io/kube-aggregator/pkg/apis/apiregistration/v1';

type Type = GoStruct['fields'][number]['type'];

function goType(text: string): Type {
  if (text === '[]byte') return { kind: 'bytes' };
  if (text.startsWith('[]')) return { kind: 'slice', of: goType(text.slice(2)) };
  if (text.startsWith('*')) return { kind: 'pointer', of: goType(text.slice(1)) };
  if (text === 'string' || text === 'bool') return { kind: text };
  if (text === 'int32') return { kind: 'int', bits: 32, signed: true };
  return { kind: 'struct', name: text.startsWith('meta.') ? `${META}.${text.slice(5)}` : `${REGISTRATION_PACKAGE}.${text}` };
}

export const REGISTRATION_STRUCTS: readonly GoStruct[] = Object.entries(REGISTRATION).map(([name, fields]) => ({
  name: `${REGISTRATION_PACKAGE}.${name}`,
  fields: fields.map((line) => {
    const [field, type, json, number, mergeKey] = line.split(' ') as [string, ...(string | undefined)[]];
    if (type === undefined) return { name: field, embedded: true, type: { kind: 'struct', name: `${META}.TypeMeta` }, tags: { json: ',inline' } };
    return {
      name: field,
      embedded: false,
      type: goType(type),
      tags: { json: json!, protobuf: `bytes,${number}`, ...(mergeKey === undefined ? {} : { patchStrategy: 'merge', patchMergeKey: mergeKey }) },
    };
  }),
}));
