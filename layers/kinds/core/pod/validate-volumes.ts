/** Volumes: exactly one source each, and each source's own rules. Sources that persistent volumes share are in volume-sources.ts. */
import type { DownwardAPIVolumeFile, KeyToPath, ObjectMeta, ProjectedVolumeSource, Volume } from '#kinds/generated/types.ts';
import { duplicate, forbidden, invalid, notSupported, required, tooLong } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { labelErrors, annotationErrors } from '#machinery/object-meta.ts';
import { type Errors, checkMaybeOneOf, checkRequired, checkText } from '../../shared/check.ts';
import { checkLabelSelector } from '../../shared/selector.ts';
import { checkClaimSpec } from '../persistent-volume-claim-spec.ts';
import { VOLUME_FIELDS, checkFieldSelector, checkResourceSelector } from './validate-env.ts';
import { checkDescendingPath, checkLocalPath, checkMode, checkNoBacksteps } from './validate-paths.ts';
import { quantityOf } from './validate-resources.ts';
import { checkSharedSource } from './volume-sources.ts';

const ANOTHER = 'may not specify more than 1 volume type';
const HOST_PATHS: readonly string[] = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const PULL_POLICIES: readonly string[] = ['Always', 'IfNotPresent', 'Never'];
/** Kubernetes checks, and names, the sources in this order. */
const SOURCES = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly (keyof Volume)[];
type Source = (typeof SOURCES)[number];

/** How Kubernetes misspells two of them when they are one too many. */
const SLIPS: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function checkKeys(errors: Errors, field: string, items: readonly KeyToPath[] | undefined): void {
  (items ?? []).forEach(({ key, path = '', mode }, index) => {
    checkRequired(errors, `${field}[${index}].key`, key);
    checkRequired(errors, `${field}[${index}].path`, path);
    checkLocalPath(errors, `${field}[${index}].path`, path);
    checkMode(errors, `${field}[${index}].mode`, mode);
  });
}

function checkDownwardFile(errors: Errors, field: string, file: DownwardAPIVolumeFile): void {
  checkRequired(errors, `${field}.path`, file.path);
  checkLocalPath(errors, `${field}.path`, file.path ?? '');
  if (file.fieldRef !== undefined) {
    checkFieldSelector(errors, `${field}.fieldRef`, file.fieldRef, VOLUME_FIELDS);
    if (file.resourceFieldRef !== undefined) errors.push(invalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef !== undefined) checkResourceSelector(errors, `${field}.resourceFieldRef`, file.resourceFieldRef, true);
  else errors.push(required(field, 'one of fieldRef and resourceFieldRef is required'));
  checkMode(errors, `${field}.mode`, file.mode);
}

/** 10 minutes: kubelets refresh tokens, but not continuously. */
const SHORTEST_TOKEN = 600;
const LONGEST_TOKEN = 2 ** 32;

function checkProjected(errors: Errors, field: string, projected: ProjectedVolumeSource): void {
  checkMode(errors, `${field}.defaultMode`, projected.defaultMode);
  const paths = new Set<string>();
  const claim = (path: string, value: string): void => {
    if (paths.has(path)) errors.push(invalid(field, value, 'conflicting duplicate paths'));
    else paths.add(path);
  };
  (projected.sources ?? []).forEach((source, index) => {
    const at = `${field}.sources[${index}]`;
    let count = 0;
    for (const name of ['secret', 'configMap'] as const) {
      const projection = source[name];
      if (projection === undefined) continue;
      count++;
      checkRequired(errors, `${at}.${name}.name`, projection.name);
      checkKeys(errors, `${at}.${name}.items`, projection.items);
      for (const { path } of projection.items ?? []) if (path) claim(path, projection.name ?? '');
    }
    if (source.downwardAPI !== undefined) {
      count++;
      for (const file of source.downwardAPI.items ?? []) {
        checkDownwardFile(errors, `${at}.downwardAPI`, file);
        if (file.path) claim(file.path, file.path);
      }
    }
    if (source.serviceAccountToken !== undefined) {
      count++;
      const { expirationSeconds = 0, path = '' } = source.serviceAccountToken;
      if (expirationSeconds < SHORTEST_TOKEN)
        errors.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'));
      if (expirationSeconds > LONGEST_TOKEN)
        errors.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
      if (checkRequired(errors, `${field}.path`, path)) checkLocalPath(errors, `${field}.path`, path);
    }
    if (source.clusterTrustBundle !== undefined) {
      count++;
      checkTrustBundle(errors, `${at}.clusterTrustBundle`, source.clusterTrustBundle);
      claim(source.clusterTrustBundle.path ?? '', source.clusterTrustBundle.path ?? '');
    }
    if (source.podCertificate !== undefined) {
      count++;
      for (const name of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
        const path = source.podCertificate[name];
        if (path === undefined || path === '') continue;
        checkLocalPath(errors, `${at}.podCertificate.${name}`, path);
        claim(path, path);
      }
    }
    if (count > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  });
}

function checkTrustBundle(errors: Errors, field: string, bundle: NonNullable<NonNullable<ProjectedVolumeSource['sources']>[number]['clusterTrustBundle']>): void {
  const { name, signerName, labelSelector, path = '' } = bundle;
  if (name !== undefined && signerName !== undefined) errors.push(invalid(field, bundle, 'only one of name and signerName may be used'));
  else if (name !== undefined) {
    if (name === '') errors.push(required(`${field}.name`, 'must be a valid object name'));
    const bare = name.slice(name.lastIndexOf(':') + 1);
    for (const message of isDNS1123Subdomain(bare)) errors.push(invalid(`${field}.name`, name, `not a valid clustertrustbundlename: ${message}`));
    if (labelSelector !== undefined) errors.push(invalid(`${field}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified'));
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(required(`${field}.signerName`, 'must be a valid signer name'));
    checkLabelSelector(errors, `${field}.labelSelector`, labelSelector);
  } else errors.push(required(field, 'either name or signerName must be specified'));
  checkRequired(errors, `${field}.path`, path);
  checkLocalPath(errors, `${field}.path`, path);
}

function checkSource(errors: Errors, field: string, volume: Volume, source: Source): void {
  const at = `${field}.${source}`;
  switch (source) {
    case 'emptyDir': {
      const limit = volume.emptyDir?.sizeLimit;
      if (limit !== undefined && quantityOf(limit).nano < 0n) errors.push(forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
      return;
    }
    case 'hostPath': {
      const { path = '', type } = volume.hostPath!;
      if (!checkRequired(errors, `${at}.path`, path)) return;
      checkNoBacksteps(errors, `${at}.path`, path);
      if (type !== undefined && !HOST_PATHS.includes(type)) errors.push(notSupported(`${at}.type`, type, HOST_PATHS));
      return;
    }
    case 'gitRepo':
      checkRequired(errors, `${at}.repository`, volume.gitRepo!.repository);
      checkDescendingPath(errors, `${at}.directory`, volume.gitRepo!.directory ?? '');
      return;
    case 'secret':
      checkRequired(errors, `${at}.secretName`, volume.secret!.secretName);
      checkMode(errors, `${at}.defaultMode`, volume.secret!.defaultMode);
      checkKeys(errors, `${at}.items`, volume.secret!.items);
      return;
    case 'configMap':
      checkRequired(errors, `${at}.name`, volume.configMap!.name);
      checkMode(errors, `${at}.defaultMode`, volume.configMap!.defaultMode);
      checkKeys(errors, `${at}.items`, volume.configMap!.items);
      return;
    case 'downwardAPI':
      checkMode(errors, `${at}.defaultMode`, volume.downwardAPI!.defaultMode);
      for (const file of volume.downwardAPI!.items ?? []) checkDownwardFile(errors, at, file);
      return;
    case 'projected':
      checkProjected(errors, at, volume.projected!);
      return;
    case 'persistentVolumeClaim':
      checkRequired(errors, `${at}.claimName`, volume.persistentVolumeClaim!.claimName);
      return;
    case 'ephemeral': {
      const template = volume.ephemeral!.volumeClaimTemplate;
      if (template === undefined) errors.push(required(`${at}.volumeClaimTemplate`));
      else {
        checkTemplateMeta(errors, `${at}.volumeClaimTemplate.metadata`, template.metadata);
        checkClaimSpec(errors, `${at}.volumeClaimTemplate.spec`, template.spec ?? {});
      }
      return;
    }
    case 'image':
      checkRequired(errors, `${at}.reference`, volume.image!.reference);
      checkMaybeOneOf(errors, `${at}.pullPolicy`, volume.image!.pullPolicy || undefined, PULL_POLICIES);
      return;
    case 'csi': {
      const { driver = '', nodePublishSecretRef: secret } = volume.csi!;
      checkDriverName(errors, `${at}.driver`, driver);
      if (secret !== undefined && checkRequired(errors, `${at}.nodePublishSecretRef.name`, secret.name))
        checkText(errors, `${at}.name`, secret.name!, isDNS1123Subdomain(secret.name!));
      return;
    }
    default:
      checkSharedSource(errors, at, source, volume[source] as Record<string, unknown>, volume.name ?? '', false);
  }
}

/** Only labels and annotations reach what is made from such a template. */
function checkTemplateMeta(errors: Errors, field: string, meta: ObjectMeta | undefined): void {
  errors.push(...annotationErrors(meta?.annotations, `${field}.annotations`), ...labelErrors(meta?.labels, `${field}.labels`));
  for (const [name, value] of Object.entries(meta ?? {}))
    if (name !== 'annotations' && name !== 'labels' && value !== undefined && value !== null && value !== '') errors.push(forbidden(`${field}.${name}`, 'cannot be set'));
}

const DRIVER_LENGTH = 63;

export function checkDriverName(errors: Errors, field: string, driver: string): void {
  if (driver === '') errors.push(required(field));
  if (driver.length > DRIVER_LENGTH) errors.push(tooLong(field, DRIVER_LENGTH));
  checkText(errors, field, driver, isDNS1123Subdomain(driver.toLowerCase()));
}

/** What container checks need to know of the volumes that are in order. */
export type KnownVolumes = ReadonlyMap<string, Volume>;

export function checkVolumes(errors: Errors, field: string, volumes: readonly Volume[] | undefined, meta: ObjectMeta | undefined): KnownVolumes {
  const known = new Map<string, Volume>();
  if (volumes === undefined) return known;
  const podName = meta?.name ?? '';
  const made = new Set<string>();
  if (podName !== '') for (const { name, ephemeral } of volumes) if (ephemeral !== undefined) made.add(`${podName}-${name}`);
  for (let index = 0; index < volumes.length; index++) {
    const volume = volumes[index]!;
    const at = `${field}[${index}]`;
    const name = volume.name ?? '';
    const before = errors.length;
    let count = 0;
    for (const source of SOURCES) {
      if (volume[source] === undefined) continue;
      if (count > 0) errors.push(forbidden(`${at}.${SLIPS[source] ?? source}`, ANOTHER));
      else checkSource(errors, at, volume, source);
      count++;
    }
    if (count === 0) errors.push(required(at, 'must specify a volume type'));
    if (volume.ephemeral !== undefined && podName !== '' && name !== '')
      for (const message of isDNS1123Subdomain(`${podName}-${name}`)) errors.push(invalid(`${at}.name`, name, `PVC name ${JSON.stringify(`${podName}-${name}`)}: ${message}`));
    if (name === '') errors.push(required(`${at}.name`));
    else checkText(errors, `${at}.name`, name, isDNS1123Label(name));
    if (known.has(name)) errors.push(duplicate(`${at}.name`, name));
    if (errors.length === before) known.set(name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && made.has(claim))
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume'));
  }
  return known;
}
