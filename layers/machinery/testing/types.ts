/** Small types for tests of what walks over schemas: enough of a Pod to meet every rule. */
import type { FieldSchema, TypeSchema } from '../schema.ts';

export const string: TypeSchema = { name: 'string', type: 'string' };
export const int32: TypeSchema = { name: 'int32', type: 'integer', format: 'int32' };
export const int64: TypeSchema = { name: 'int64', type: 'integer', format: 'int64' };
export const boolean: TypeSchema = { name: 'bool', type: 'boolean' };
export const quantity: TypeSchema = { name: 'io.k8s.apimachinery.pkg.api.resource.Quantity', type: 'quantity' };
export const intOrString: TypeSchema = { name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString', type: 'intOrString' };
export const time: TypeSchema = { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time', type: 'time' };
export const microTime: TypeSchema = { name: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', type: 'microTime' };
export const bytes: TypeSchema = { name: 'bytes', type: 'bytes' };
export const any: TypeSchema = { name: 'any', type: 'any' };
export const listOf = (items: TypeSchema): TypeSchema => ({ name: `[]${items.name}`, type: 'array', items });
export const mapOf = (items: TypeSchema): TypeSchema => ({ name: `map[string]${items.name}`, type: 'map', items });
export const field = (name: string, type: TypeSchema, more: Partial<FieldSchema> = {}): FieldSchema => ({ name, type, required: false, ...more });
export const struct = (name: string, ...fields: readonly FieldSchema[]): TypeSchema => ({ name, type: 'object', fields: new Map(fields.map((one) => [one.name, one])) });

const keyed = (key: string): Partial<FieldSchema> => ({ listType: 'map', listMapKeys: [key], patchStrategy: ['merge'], patchMergeKey: key });

export const ownerReference = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  field('apiVersion', string),
  field('kind', string),
  field('name', string),
  field('uid', string),
  field('controller', boolean),
);
export const objectMeta = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  field('name', string),
  field('generateName', string),
  field('namespace', string),
  field('uid', string),
  field('resourceVersion', string),
  field('generation', int64),
  field('creationTimestamp', time),
  field('labels', mapOf(string)),
  field('annotations', mapOf(string)),
  field('ownerReferences', listOf({ ...ownerReference, mapType: 'atomic' }), keyed('uid')),
  field('finalizers', listOf(string), { listType: 'set', patchStrategy: ['merge'] }),
  field('managedFields', listOf(any)),
);
export const containerPort = struct(
  'io.k8s.api.core.v1.ContainerPort',
  field('name', string),
  field('containerPort', int32),
  field('hostPort', int32),
  field('protocol', string, { default: 'TCP' }),
);
export const envVar = struct('io.k8s.api.core.v1.EnvVar', field('name', string), field('value', string));
export const container = struct(
  'io.k8s.api.core.v1.Container',
  field('name', string),
  field('image', string),
  field('command', listOf(string)),
  field('ports', listOf(containerPort), { listType: 'map', listMapKeys: ['containerPort', 'protocol'], patchStrategy: ['merge'], patchMergeKey: 'containerPort' }),
  field('env', listOf(envVar), keyed('name')),
  field('resources', struct('io.k8s.api.core.v1.ResourceRequirements', field('limits', mapOf(quantity)), field('requests', mapOf(quantity)))),
);
export const volume = struct(
  'io.k8s.api.core.v1.Volume',
  field('name', string),
  field('emptyDir', struct('io.k8s.api.core.v1.EmptyDirVolumeSource', field('medium', string))),
  field('hostPath', struct('io.k8s.api.core.v1.HostPathVolumeSource', field('path', string))),
);
export const toleration = struct('io.k8s.api.core.v1.Toleration', field('key', string), field('operator', string), field('tolerationSeconds', int64));
export const podSpec = struct(
  'io.k8s.api.core.v1.PodSpec',
  field('containers', listOf(container), keyed('name')),
  field('volumes', listOf(volume), { ...keyed('name'), patchStrategy: ['merge', 'retainKeys'] }),
  field('nodeSelector', mapOf(string), { mapType: 'atomic' }),
  field('tolerations', listOf(toleration)),
  field('restartPolicy', string),
  field('terminationGracePeriodSeconds', int64),
  field('hostNetwork', boolean),
  field('replicas', int32),
  field('port', intOrString),
);
export const pod = struct(
  'io.k8s.api.core.v1.Pod',
  field('apiVersion', string),
  field('kind', string),
  field('metadata', objectMeta),
  field('spec', podSpec),
  field('data', mapOf(bytes)),
  field('raw', any),
  field('renewTime', microTime),
  field('status', struct('io.k8s.api.core.v1.PodStatus', field('phase', string), field('replicas', int32))),
);
