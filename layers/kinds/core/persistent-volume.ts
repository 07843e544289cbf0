/** Persistent volumes. */
import type { PersistentVolume, PersistentVolumeSpec } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { age, timestamp } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, POSITIVE, checkImmutable, checkMaybeOneOf, checkRequired, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { difference } from '../shared/difference.ts';
import { VOLUME_MODES, checkAccessModes } from './persistent-volume-claim-spec.ts';
import { checkNoBacksteps } from './pod/validate-paths.ts';
import { quantityOf } from './pod/validate-resources.ts';
import { checkNodeSelector } from './pod/validate-scheduling.ts';
import { checkDriverName } from './pod/validate-volumes.ts';
import { type SharedSources, sharedSourceDefaults } from './pod/volume-defaults.ts';
import { checkSharedSource } from './pod/volume-sources.ts';

const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];
const HOST_PATHS: readonly string[] = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const RECLAIM: readonly string[] = ['Delete', 'Recycle', 'Retain'];
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

function checkSecret(errors: Errors, field: string, ref: { readonly name?: string; readonly namespace?: string } | undefined): void {
  if (ref === undefined) return;
  if (checkRequired(errors, `${field}.name`, ref.name)) checkText(errors, `${field}.name`, ref.name!, isDNS1123Subdomain(ref.name!));
  if (checkRequired(errors, `${field}.namespace`, ref.namespace)) checkText(errors, `${field}.namespace`, ref.namespace!, isDNS1123Label(ref.namespace!));
}

function checkSource(errors: Errors, field: string, source: (typeof SOURCES)[number], spec: PersistentVolumeSpec, name: string): void {
  switch (source) {
    case 'hostPath': {
      const { path = '', type } = spec.hostPath!;
      if (!checkRequired(errors, `${field}.hostPath.path`, path)) return;
      checkNoBacksteps(errors, `${field}.hostPath.path`, path);
      if (type !== undefined && !HOST_PATHS.includes(type)) errors.push(notSupported(`${field}.hostPath.type`, type, HOST_PATHS));
      return;
    }
    case 'local':
      if (checkRequired(errors, `${field}.local.path`, spec.local!.path)) checkNoBacksteps(errors, `${field}.local.path`, spec.local!.path);
      if (spec.nodeAffinity === undefined) errors.push(required(`${field}.nodeAffinity`, 'Local volume requires node affinity'));
      return;
    case 'csi': {
      const csi = spec.csi!;
      checkDriverName(errors, `${field}.csi.driver`, csi.driver ?? '');
      checkRequired(errors, `${field}.csi.volumeHandle`, csi.volumeHandle);
      for (const ref of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const)
        checkSecret(errors, `${field}.csi.${ref}`, csi[ref]);
      return;
    }
    default:
      checkSharedSource(errors, `${field}.${source}`, source, spec[source] as Record<string, unknown>, name, true);
  }
}

function checkCapacity(errors: Errors, field: string, capacity: Readonly<Record<string, string>> | undefined): void {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) errors.push(required(field));
  if (capacity?.['storage'] === undefined || names.length > 1) errors.push(notSupported(field, capacity ?? {}, ['storage']));
  for (const name of names) {
    const value = quantityOf(capacity![name]!);
    if (value.nano < 0n) errors.push(invalid(`${field}[${name}]`, capacity![name], 'must be a valid resource quantity'));
    if (value.nano <= 0n) errors.push(invalid(`${field}[${name}]`, capacity![name], POSITIVE));
  }
}

/** `inline`: inside a volume attachment, where there is no object around it. */
export function checkVolumeSpec(errors: Errors, field: string, spec: PersistentVolumeSpec, name: string, inline: boolean): void {
  if (inline) {
    for (const part of ['claimRef', 'capacity'] as const)
      if (spec[part] !== undefined) errors.push(forbidden(`${field}.${part}`, 'may not be specified in the context of inline volumes'));
    if (spec.csi === undefined) errors.push(required(`${field}.csi`, 'has to be specified in the context of inline volumes'));
  }
  if ((spec.accessModes ?? []).length === 0) errors.push(required(`${field}.accessModes`));
  checkAccessModes(errors, `${field}.accessModes`, spec.accessModes ?? []);
  if (!inline) checkCapacity(errors, `${field}.capacity`, spec.capacity);
  const policy = spec.persistentVolumeReclaimPolicy ?? '';
  if (policy !== '' && !RECLAIM.includes(policy)) errors.push(notSupported(`${field}.persistentVolumeReclaimPolicy`, policy, RECLAIM));
  if (spec.nodeAffinity !== undefined) {
    if (spec.nodeAffinity.required === undefined) errors.push(required(`${field}.nodeAffinity.required`, 'must specify required node constraints'));
    else checkNodeSelector(errors, `${field}.nodeAffinity.required`, spec.nodeAffinity.required);
  }
  let count = 0;
  for (const source of SOURCES) {
    if (spec[source] === undefined) continue;
    // Kubernetes does not count the flexVolume before it
    if (count++ === 0 || source === 'flexVolume') checkSource(errors, field, source, spec, name);
    else errors.push(forbidden(`${field}.${source === 'cephfs' ? 'cephFS' : source}`, 'may not specify more than 1 volume type'));
  }
  if (count === 0) errors.push(required(field, 'must specify a volume type'));
  if (spec.hostPath !== undefined && /^\/+\.?\/*$/.test(spec.hostPath.path ?? '') && policy === 'Recycle')
    errors.push(forbidden(`${field}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"));
  if (spec.storageClassName) checkText(errors, `${field}.storageClassName`, spec.storageClassName, isDNS1123Subdomain(spec.storageClassName));
  checkMaybeOneOf(errors, `${field}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return;
  if (attributes === '') errors.push(required(`${field}.volumeAttributesClassName`, 'an empty string is disallowed'));
  else checkText(errors, `${field}.volumeAttributesClassName`, attributes, isDNS1123Subdomain(attributes));
  if (spec.csi === undefined) errors.push(required(`${field}.csi`, 'has to be specified when using volumeAttributesClassName'));
}

const sourcesOf = (spec: PersistentVolumeSpec | undefined): object =>
  Object.fromEntries(SOURCES.filter((source) => spec?.[source] !== undefined).map((source) => [source, spec![source]]));

function validateUpdate(now: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  const [after, before] = [now.spec ?? {}, old.spec ?? {}];
  const next = { ...after };
  // the secret that grows a volume may be added later
  if (before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined && next.csi !== undefined) {
    next.csi = { ...next.csi };
    delete next.csi.controllerExpandSecretRef;
  }
  if (!semanticEqual(sourcesOf(next), sourcesOf(before)))
    errors.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference(sourcesOf(before), sourcesOf(next))}`));
  checkImmutable(errors, 'volumeMode', after.volumeMode, before.volumeMode);
  if (before.nodeAffinity !== undefined && !semanticEqual(after.nodeAffinity, before.nodeAffinity))
    errors.push(invalid('nodeAffinity', after.nodeAffinity ?? 'null', 'field is immutable'));
  if (before.volumeAttributesClassName !== undefined && after.volumeAttributesClassName === undefined)
    errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return errors;
}

const SHORT_MODES: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
/** As tables show them, each once. */
export const modesText = (modes: readonly string[] | undefined): string =>
  Object.keys(SHORT_MODES)
    .filter((mode) => (modes ?? []).includes(mode))
    .map((mode) => SHORT_MODES[mode])
    .join(',');
export const classOf = (object: { readonly metadata: { readonly annotations?: Record<string, string> }; readonly spec?: { readonly storageClassName?: string } }): string =>
  object.metadata.annotations?.[CLASS_ANNOTATION] ?? object.spec?.storageClassName ?? '';

export const persistentVolume = behaviour<PersistentVolume>({
  defaults(object) {
    const spec = (object.spec ??= {});
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (object.status?.phase === undefined || object.status.phase === '') object.status = { ...object.status, phase: 'Pending' };
    sharedSourceDefaults(spec as SharedSources);
  },
  prepareForCreate(object, { clock }) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(clock.now()) };
  },
  validate({ spec = {}, metadata }) {
    const errors: FieldError[] = [];
    checkVolumeSpec(errors, 'spec', spec, metadata.name ?? '', false);
    return errors;
  },
  validateUpdate,
  stored: {
    status: {
      prepareForUpdate(object, old, { clock }) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
        const status = (object.status ??= {});
        if (status.phase !== old.status?.phase && (status.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === old.status?.lastPhaseTransitionTime))
          status.lastPhaseTransitionTime = timestamp(clock.now());
        else if (status.lastPhaseTransitionTime === undefined && old.status?.lastPhaseTransitionTime !== undefined)
          status.lastPhaseTransitionTime = old.status.lastPhaseTransitionTime;
      },
      resetFields: [['spec']],
    },
  },
  columns: [
    text(
      'Capacity',
      "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity",
    ),
    text('Access Modes', 'accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes'),
    text('Reclaim Policy', 'persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim.'),
    text(
      'Status',
      'phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase',
    ),
    text('Claim', 'claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound.'),
    text('StorageClass', 'StorageClass of the pv'),
    text('VolumeAttributesClass', 'VolumeAttributesClass of the pv'),
    text('Reason', 'reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.'),
    AGE,
    text(
      'VolumeMode',
      'volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.',
      1,
    ),
  ],
  row: (object, now) => {
    const { spec, status, metadata } = object;
    const claim = spec?.claimRef;
    return {
      cells: [
        spec?.capacity?.['storage'] ?? '0',
        modesText(spec?.accessModes),
        spec?.persistentVolumeReclaimPolicy ?? '',
        metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
        claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`,
        classOf(object),
        spec?.volumeAttributesClassName ?? '<unset>',
        status?.reason ?? '',
        age(metadata.creationTimestamp, now),
        spec?.volumeMode ?? '<unset>',
      ],
    };
  },
});
