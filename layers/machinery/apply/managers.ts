/** managedFields as sets by manager (apimachinery `managedfields/internal`): reading, writing, and the rules on how entries stand. */
import type { ManagedFieldsEntry } from '../object.ts';
import { type FieldSet, isEmptyNode, sorted, without } from './field-set.ts';

export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** What the system owns is nobody's (fieldmanager `stripmeta.go`). */
const STRIPPED: readonly (readonly string[])[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'clusterName'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
];

/** Update entries past this many are folded into one, oldest first. */
const UPDATE_LIMIT = 10;
const ANCIENT = 'ancient-changes';

export const strip = (set: FieldSet, reset: readonly (readonly string[])[]): FieldSet => without(without(set, STRIPPED), reset);

export const managersOf = (entries: readonly ManagedFieldsEntry[] | undefined): Manager[] =>
  (entries ?? [])
    .filter(({ manager, operation }) => (manager ?? '') !== '' || operation !== undefined)
    .map((entry) => ({
      manager: entry.manager ?? '',
      operation: entry.operation ?? 'Update',
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      time: entry.time,
      set: (entry.fieldsV1 ?? {}) as FieldSet,
    }));

export const sameManager = (
  a: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
  b: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
): boolean => a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource && (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

/** Entries in Kubernetes' order (applies first, then by time, then by name), without empty ones, the oldest updates folded. */
export function entriesOf(managers: readonly Manager[], now: string): ManagedFieldsEntry[] {
  let list = managers.filter(({ set }) => !isEmptyNode(set)).toSorted(order);
  const updates = list.filter(({ operation }) => operation === 'Update');
  if (updates.length > UPDATE_LIMIT) {
    const fold = updates.slice(0, updates.length - UPDATE_LIMIT + 1);
    const byVersion = new Map<string, Manager>();
    for (const one of fold) {
      const key = one.apiVersion;
      const into = byVersion.get(key);
      byVersion.set(
        key,
        into === undefined ? { manager: ANCIENT, operation: 'Update', apiVersion: key, subresource: '', time: now, set: one.set } : { ...into, set: mergeSets(into.set, one.set) },
      );
    }
    list = [...list.filter((one) => !fold.includes(one)), ...byVersion.values()].toSorted(order);
  }
  return list.map(({ manager, operation, apiVersion, time, set, subresource }) => ({
    ...(manager === '' ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1' as const,
    fieldsV1: sorted(set),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

function mergeSets(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { ...a };
  for (const key in b)
    result[key] = result[key] === undefined ? b[key]! : isEmptyNode(result[key]) && !isEmptyNode(b[key]!) ? { '.': {}, ...b[key] } : mergeSets(result[key], b[key]!);
  return result;
}

function order(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation === 'Apply' ? -1 : 1;
  const [timeA, timeB] = [a.time ?? '', b.time ?? ''];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  if (a.manager !== b.manager) return a.manager < b.manager ? -1 : 1;
  if (a.apiVersion !== b.apiVersion) return a.apiVersion < b.apiVersion ? -1 : 1;
  return a.subresource < b.subresource ? -1 : a.subresource > b.subresource ? 1 : 0;
}
