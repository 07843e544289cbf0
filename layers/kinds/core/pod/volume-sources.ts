/**
 * Sources of the cloud and storage vendors, alike in pods and persistent volumes; `persistent` marks the latter, whose secrets carry a
 * namespace. Field names in the messages are Kubernetes' own, typing slips included.
 */
import { invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { type Errors, checkRequired } from '../../shared/check.ts';

type Source = Readonly<Record<string, unknown>>;

const PARTITION = 'must be between 0 and 255, inclusive';
const NAA = /^naa\.[0-9a-fA-F]{32}$|^naa\.[0-9a-fA-F]{16}$/;
const EUI = /^eui\.[0-9a-fA-F]{16}$/;
const IQN = /^iqn\.[0-9]{4}-[0-9]{2}\.([a-z0-9]+(-[a-z0-9]+)*\.?)+(:[^\s]+)?$/;
const RESERVED_OPTIONS = 'kubernetes.io and k8s.io namespaces are reserved';

const text = (source: Source, name: string): string => (typeof source[name] === 'string' ? source[name] : '');
const number = (source: Source, name: string): number => (typeof source[name] === 'number' ? source[name] : 0);
const length = (source: Source, name: string): number => (Array.isArray(source[name]) ? source[name].length : 0);

function needs(errors: Errors, field: string, source: Source, ...names: readonly string[]): void {
  for (const name of names) checkRequired(errors, `${field}.${name}`, text(source, name));
}

function checkSecret(errors: Errors, field: string, source: Source, persistent: boolean, needsNamespace: boolean): void {
  const ref = source['secretRef'] as { name?: string; namespace?: string } | undefined;
  if (ref === undefined) return;
  checkRequired(errors, `${field}.secretRef.name`, ref.name);
  if (persistent && needsNamespace) checkRequired(errors, `${field}.secretRef.namespace`, ref.namespace);
}

function checkTargetName(errors: Errors, field: string, name: string, startText: string): void {
  if (!/^(iqn|eui|naa)/.test(name)) errors.push(invalid(field, name, startText));
  else if (!(name.startsWith('iqn') ? IQN : name.startsWith('eui') ? EUI : NAA).test(name)) errors.push(invalid(field, name, 'must be valid format'));
}

function checkIscsi(errors: Errors, field: string, source: Source, name: string, persistent: boolean): void {
  const start = persistent ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa';
  const portal = text(source, 'targetPortal');
  const initiator = source['initiatorName'];
  const long = typeof initiator === 'string' && `${name}:${portal}`.length > 64;
  const LONG = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  checkRequired(errors, `${field}.targetPortal`, portal);
  if (long && persistent) errors.push(invalid(`${field}.targetportal`, portal, LONG));
  if (checkRequired(errors, `${field}.iqn`, text(source, 'iqn'))) checkTargetName(errors, `${field}.iqn`, text(source, 'iqn'), start);
  if (number(source, 'lun') < 0 || number(source, 'lun') > 255) errors.push(invalid(`${field}.lun`, number(source, 'lun'), PARTITION));
  if ((source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true) && source['secretRef'] === undefined) errors.push(required(`${field}.secretRef`));
  if (persistent) checkSecret(errors, field, source, persistent, false);
  if (typeof initiator === 'string') checkTargetName(errors, `${field}.initiatorname`, initiator, start);
  if (long && !persistent) errors.push(invalid(`${field.slice(0, field.lastIndexOf('.'))}.name`, name, LONG));
}

function checkFc(errors: Errors, field: string, source: Source): void {
  const [wwns, wwids] = [length(source, 'targetWWNs'), length(source, 'wwids')];
  if (wwns === 0 && wwids === 0) errors.push(required(`${field}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (wwns !== 0 && wwids !== 0) errors.push(invalid(`${field}.targetWWNs`, source['targetWWNs'], 'targetWWNs and wwids can not be specified simultaneously'));
  if (wwns === 0) return;
  if (source['lun'] === undefined) errors.push(required(`${field}.lun`, 'lun is required if targetWWNs is specified'));
  else if (number(source, 'lun') < 0 || number(source, 'lun') > 255) errors.push(invalid(`${field}.lun`, number(source, 'lun'), PARTITION));
}

function checkQuobyte(errors: Errors, field: string, source: Source): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  const registry = text(source, 'registry');
  if (registry === '') errors.push(required(`${field}.registry`, pairs));
  else if (text(source, 'tenant').length >= 65) errors.push(required(`${field}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else for (const pair of registry.split(',')) if (!/^([^:]*|\[[^\]]*\]):[^:]*$/.test(pair)) errors.push(invalid(`${field}.registry`, registry, pairs));
  needs(errors, field, source, 'volume');
}

function checkAzureDisk(errors: Errors, field: string, source: Source): void {
  needs(errors, field, source, 'diskName', 'diskURI');
  const caching = source['cachingMode'] as string | undefined;
  const kind = source['kind'] as string | undefined;
  const uri = text(source, 'diskURI');
  const [modes, kinds] = [
    ['None', 'ReadOnly', 'ReadWrite'],
    ['Dedicated', 'Managed', 'Shared'],
  ];
  if (caching !== undefined && !modes.includes(caching)) errors.push(notSupported(`${field}.cachingMode`, caching, modes));
  if (kind !== undefined && !kinds.includes(kind)) errors.push(notSupported(`${field}.kind`, kind, kinds));
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/'))
    errors.push(notSupported(`${field}.diskURI`, uri, ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}']));
  if (kind !== undefined && kind !== 'Managed' && !uri.startsWith('https://'))
    errors.push(notSupported(`${field}.diskURI`, uri, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']));
}

function checkStorageOs(errors: Errors, field: string, source: Source, persistent: boolean): void {
  const name = text(source, 'volumeName');
  if (checkRequired(errors, `${field}.volumeName`, name)) for (const message of isDNS1123Label(name)) errors.push(invalid(`${field}.volumeName`, name, message));
  const namespace = text(source, 'volumeNamespace');
  if (namespace !== '') for (const message of isDNS1123Label(namespace)) errors.push(invalid(`${field}.volumeNamespace`, namespace, message));
  checkSecret(errors, field, source, persistent, true);
}

function checkFlex(errors: Errors, field: string, source: Source): void {
  needs(errors, field, source, 'driver');
  for (const key of Object.keys((source['options'] ?? {}) as object)) {
    const namespace = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')) errors.push(invalid(`${field}.options[${key}]`, key, RESERVED_OPTIONS));
  }
}

export function checkSharedSource(errors: Errors, field: string, kind: string, source: Source, name: string, persistent: boolean): void {
  switch (kind) {
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore': {
      const at = kind === 'gcePersistentDisk' ? `${field.slice(0, -'gcePersistentDisk'.length)}persistentDisk` : field;
      needs(errors, at, source, kind === 'gcePersistentDisk' ? 'pdName' : 'volumeID');
      if (number(source, 'partition') < 0 || number(source, 'partition') > 255) errors.push(invalid(`${at}.partition`, number(source, 'partition'), PARTITION));
      return;
    }
    case 'nfs':
      needs(errors, field, source, 'server', 'path');
      if (!text(source, 'path').startsWith('/')) errors.push(invalid(`${field}.path`, text(source, 'path'), 'must be an absolute path'));
      return;
    case 'iscsi':
      return checkIscsi(errors, field, source, name, persistent);
    case 'glusterfs': {
      needs(errors, field, source, 'endpoints', 'path');
      const namespace = source['endpointsNamespace'];
      if (typeof namespace !== 'string') return;
      if (namespace === '') errors.push(invalid(`${field}.endpointsNamespace`, namespace, 'if the endpointnamespace is set, it must be a valid namespace name'));
      else for (const message of isDNS1123Label(namespace)) errors.push(invalid(`${field}.endpointsNamespace`, namespace, message));
      return;
    }
    case 'flocker': {
      const [dataset, uuid] = [text(source, 'datasetName'), text(source, 'datasetUUID')];
      if (dataset === '' && uuid === '') errors.push(required(field, 'one of datasetName and datasetUUID is required'));
      if (dataset !== '' && uuid !== '') errors.push(invalid(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
      if (dataset.includes('/')) errors.push(invalid(`${field}.datasetName`, dataset, "must not contain '/'"));
      return;
    }
    case 'rbd':
      if (length(source, 'monitors') === 0) errors.push(required(`${field}.monitors`));
      needs(errors, field, source, 'image');
      return;
    case 'cephfs':
      if (length(source, 'monitors') === 0) errors.push(required(`${field}.monitors`));
      return;
    case 'cinder':
      needs(errors, field, source, 'volumeID');
      checkSecret(errors, field, source, persistent, true);
      return;
    case 'quobyte':
      return checkQuobyte(errors, field, source);
    case 'fc':
      return checkFc(errors, field, source);
    case 'flexVolume':
      return checkFlex(errors, field, source);
    case 'azureFile':
      needs(errors, field, source, 'secretName', 'shareName');
      if (source['secretNamespace'] === '') errors.push(required(`${field}.secretNamespace`));
      return;
    case 'vsphereVolume':
      needs(errors, field, source, 'volumePath');
      return;
    case 'photonPersistentDisk':
      needs(errors, field, source, 'pdID');
      return;
    case 'portworxVolume':
      needs(errors, field, source, 'volumeID');
      return;
    case 'azureDisk':
      return checkAzureDisk(errors, field, source);
    case 'storageos':
      return checkStorageOs(errors, field, source, persistent);
    case 'scaleIO':
      needs(errors, field, source, 'gateway', 'system', 'volumeName');
      return;
    default:
  }
}
