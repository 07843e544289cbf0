/** Defaults of volumes, and of the sources that persistent volumes share with them. */
import type { Volume } from '#kinds/generated/types.ts';
import { claimSpecDefaults } from '../persistent-volume-claim-spec.ts';
import { pullPolicyOf } from './defaults.ts';

/** 0644 */
const FILE_MODE = 0o644;

const SOURCES: ReadonlySet<string> = new Set([
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'hostPath',
  'image',
  'iscsi',
  'nfs',
  'persistentVolumeClaim',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'secret',
  'storageos',
  'vsphereVolume',
]);

/** The sources that pods and persistent volumes have in common. */
export interface SharedSources {
  hostPath?: { type?: string };
  iscsi?: { iscsiInterface?: string };
  rbd?: { pool?: string; user?: string; keyring?: string };
  azureDisk?: { cachingMode?: string; kind?: string; fsType?: string; readOnly?: boolean };
  scaleIO?: { storageMode?: string; fsType?: string };
}

export function sharedSourceDefaults(source: SharedSources): void {
  const { hostPath, iscsi, rbd, azureDisk, scaleIO } = source;
  if (hostPath !== undefined) hostPath.type ??= '';
  if (iscsi !== undefined) iscsi.iscsiInterface ||= 'default';
  if (rbd !== undefined) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}

function downwardDefaults(items: readonly { fieldRef?: { apiVersion?: string } }[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ||= 'v1';
}

export function volumeDefaults(volume: Volume): void {
  let source = '';
  for (const key in volume)
    if (SOURCES.has(key) && volume[key as keyof Volume] !== undefined) {
      source = key;
      break;
    }
  if (source === '') {
    volume.emptyDir = {};
    return;
  }
  if (volume.secret !== undefined) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    downwardDefaults(volume.downwardAPI.items);
  }
  if (volume.projected !== undefined) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const { serviceAccountToken, downwardAPI } of volume.projected.sources ?? []) {
      if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= 3600;
      downwardDefaults(downwardAPI?.items);
    }
  }
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template !== undefined) {
    template.metadata ??= {};
    if (template.metadata.creationTimestamp === null) delete template.metadata.creationTimestamp;
    if (template.spec !== undefined) claimSpecDefaults(template.spec);
  }
  if (volume.image !== undefined) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? '');
  sharedSourceDefaults(volume as SharedSources);
}
