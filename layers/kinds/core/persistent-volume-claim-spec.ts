/** The spec of a claim: of its own, in the templates of stateful sets and in ephemeral volumes. */
import type { PersistentVolumeClaimSpec } from '#kinds/generated/types.ts';
import { forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { milliValue } from '#machinery/quantity.ts';
import { type Errors, POSITIVE, checkMaybeOneOf, checkRequired, checkText } from '../shared/check.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { quantityOf } from './pod/validate-resources.ts';

export const ACCESS_MODES: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];

const isClaimOrSnapshot = ({ apiGroup, kind }: NonNullable<PersistentVolumeClaimSpec['dataSource']>): boolean =>
  ((apiGroup ?? '') === '' && kind === 'PersistentVolumeClaim') || (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot');

/** The two ways to name where a volume's first content comes from are one field; each fills the other. */
export function joinDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

export function claimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
  spec.resources ??= {};
}

/** What clients of old versions could not say is dropped, not refused: other kinds in `dataSource`, and other namespaces (behind a gate). */
export function claimSpecPrepare(spec: PersistentVolumeClaimSpec, old?: PersistentVolumeClaimSpec): void {
  if (old?.dataSourceRef === undefined && spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
  if (old?.dataSource === undefined && old?.dataSourceRef === undefined && spec.dataSource !== undefined && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
  joinDataSources(spec);
}

export function checkAccessModes(errors: Errors, field: string, modes: readonly string[]): void {
  let single = false;
  let others = false;
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(field, mode, ACCESS_MODES));
    else if (mode === 'ReadWriteOncePod') single = true;
    else others = true;
  }
  if (single && others) errors.push(forbidden(field, 'may not use ReadWriteOncePod with other access modes'));
}

function checkDataSource(
  errors: Errors,
  field: string,
  source: { readonly apiGroup?: string | null; readonly kind?: string; readonly name?: string; readonly namespace?: string },
): void {
  checkRequired(errors, `${field}.name`, source.name);
  checkRequired(errors, `${field}.kind`, source.kind);
  const group = source.apiGroup ?? '';
  if (group === '' && source.kind !== 'PersistentVolumeClaim')
    errors.push(invalid(field, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (group !== '') checkText(errors, `${field}.apiGroup`, group, isDNS1123Subdomain(group));
  if (source.namespace) checkText(errors, `${field}.namespace`, source.namespace, isDNS1123Label(source.namespace));
}

/** Sizes that are no whole number of bytes. */
export function claimWarnings(field: string, spec: PersistentVolumeClaimSpec | undefined): string[] {
  const found: string[] = [];
  for (const part of ['requests', 'limits'] as const) {
    const text = spec?.resources?.[part]?.['storage'];
    if (text === undefined || milliValue(quantityOf(text)) % 1000n === 0n) continue;
    found.push(`${field}.resources.${part}[storage]: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`);
  }
  return found;
}

export function checkClaimSpec(errors: Errors, field: string, spec: PersistentVolumeClaimSpec): void {
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(required(`${field}.accessModes`, 'at least 1 access mode is required'));
  checkLabelSelector(errors, `${field}.selector`, spec.selector);
  checkAccessModes(errors, `${field}.accessModes`, modes);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required(`${field}.resources[storage]`));
  else if (quantityOf(storage).nano <= 0n) errors.push(invalid(`${field}.resources[storage]`, storage, POSITIVE));
  if (spec.storageClassName) checkText(errors, `${field}.storageClassName`, spec.storageClassName, isDNS1123Subdomain(spec.storageClassName));
  checkMaybeOneOf(errors, `${field}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined) checkDataSource(errors, `${field}.dataSource`, dataSource);
  if (dataSourceRef !== undefined) checkDataSource(errors, `${field}.dataSourceRef`, dataSourceRef);
  if (dataSource !== undefined && dataSourceRef !== undefined) {
    if (dataSourceRef.namespace) errors.push(invalid(field, `${field}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified'));
    else if ((dataSource.apiGroup ?? '') !== (dataSourceRef.apiGroup ?? '') || dataSource.kind !== dataSourceRef.kind || dataSource.name !== dataSourceRef.name)
      errors.push(invalid(field, `${field}.dataSource`, 'must match dataSourceRef'));
  }
  if (spec.volumeAttributesClassName) checkText(errors, `${field}.volumeAttributesClassName`, spec.volumeAttributesClassName, isDNS1123Subdomain(spec.volumeAttributesClassName));
}
