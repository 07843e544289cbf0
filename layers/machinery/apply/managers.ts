/** managedFields as sets by manager (apimachinery `managedfields/internal`): reading, writing, and the rules on how entries stand. */
import type { ManagedFieldsEntry } from '../object.ts';
import { type FieldSet, isEmptyNode, isFieldSet, MEMBER, union } from './field-set.ts';
import type { Skip } from './compare.ts';

export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The entry this was read from: written back as it is while nothing changes. */
  readonly entry?: ManagedFieldsEntry;
}

/** What the system owns is nobody's (fieldmanager `stripmeta.go`). */
const OWNED_BY_SYSTEM: readonly (readonly string[])[] = [
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

const ALL: Skip = {};
const skips = new WeakMap<readonly (readonly string[])[], Skip>();
/** What a walk over an object passes by: the system's fields, and those that a write through this door cannot set. */
export function skipOf(reset: readonly (readonly string[])[]): Skip {
  let skip = skips.get(reset);
  if (skip === undefined) {
    const tree: { [field: string]: Skip } = {};
    for (const path of [...OWNED_BY_SYSTEM, ...reset]) {
      let at = tree;
      path.forEach((name, index) => {
        if (index === path.length - 1) at[name] = ALL;
        else if (at[name] !== ALL) at = (at[name] ??= {}) as { [field: string]: Skip };
      });
    }
    skips.set(reset, (skip = tree));
  }
  return skip;
}

/** `set` without what is skipped; `metadata` itself is no member either. */
export function strip(set: FieldSet, skip: Skip): FieldSet {
  const result: FieldSet = {};
  for (const element in set) {
    const below = skip[element.slice(2)];
    if (below === undefined) result[element] = set[element]!;
    else if (below !== ALL) {
      const inner = strip(set[element]!, below);
      const { '.': _, ...children } = inner;
      if (element !== 'f:metadata') {
        if (!isEmptyNode(inner) || isEmptyNode(set[element]!)) result[element] = inner;
      } else if (!isEmptyNode(children)) result[element] = children;
    }
  }
  return result;
}

/** Entries that cannot be read are passed over; `undefined` where `strict` and one is such. */
export function managersOf(entries: readonly ManagedFieldsEntry[] | undefined, strict?: false): Manager[];
export function managersOf(entries: readonly ManagedFieldsEntry[] | undefined, strict: true): Manager[] | undefined;
export function managersOf(entries: readonly ManagedFieldsEntry[] | undefined, strict = false): Manager[] | undefined {
  const managers: Manager[] = [];
  for (const entry of entries ?? []) {
    const { manager = '', operation, apiVersion = '', subresource = '', time, fieldsType, fieldsV1 } = entry;
    if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '' || fieldsType !== 'FieldsV1' || (strict && fieldsV1 !== undefined && !isFieldSet(fieldsV1))) {
      if (strict) return undefined;
      continue;
    }
    const one: Manager = { manager, operation, apiVersion, subresource, time, set: (fieldsV1 ?? MEMBER) as FieldSet, entry };
    const same = managers.findIndex((other) => sameManager(other, one));
    if (same < 0) managers.push(one);
    else managers[same] = one;
  }
  return managers;
}

export type ManagerId = Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;
export const sameManager = (a: ManagerId, b: ManagerId): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource && (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

/** The text that names a manager inside Kubernetes: some orders hang on it. */
export const identifier = ({ manager, operation, apiVersion, subresource }: ManagerId): string =>
  JSON.stringify({
    ...(manager === '' ? {} : { manager }),
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  });

/** Update entries past this many are folded, oldest first. */
const UPDATE_LIMIT = 10;
const ANCIENT = 'ancient-changes';

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byTime = (a: Manager, b: Manager): number => text(a.time ?? '', b.time ?? '');

/** The oldest updates of a version become one where there are too many; a lone one stays itself. */
export function cap(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update');
  if (updates.length <= UPDATE_LIMIT) return managers;
  updates.sort((a, b) => byTime(a, b) || text(identifier(a), identifier(b)));
  let rest = [...managers];
  let count = updates.length;
  const first = new Map<string, Manager>();
  for (const one of updates) {
    if (count <= UPDATE_LIMIT) break;
    const earlier = first.get(one.apiVersion);
    if (earlier === undefined) {
      first.set(one.apiVersion, one);
      continue;
    }
    const id: ManagerId = { manager: ANCIENT, operation: 'Update', apiVersion: one.apiVersion, subresource: '' };
    const bucket = rest.find((other) => sameManager(other, id)) ?? earlier;
    const folded: Manager = { ...id, time: one.time, set: union(one.set, bucket.set) };
    rest = [...rest.filter((other) => other !== bucket && other !== one), folded];
    count--;
  }
  return rest;
}

function order(a: Manager, b: Manager): number {
  return text(a.operation, b.operation) || byTime(a, b) || text(a.manager, b.manager) || text(a.apiVersion, b.apiVersion) || text(a.subresource, b.subresource);
}

/** Entries in Kubernetes' order: applies first, then by time, then by name. */
export function entriesOf(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return managers.toSorted(order).map(({ manager, operation, apiVersion, time, set, subresource, entry }) => {
    if (entry !== undefined && set === entry.fieldsV1 && time === entry.time && apiVersion === entry.apiVersion) return entry;
    return {
      ...(manager === '' ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1' as const,
      fieldsV1: set,
      ...(subresource === '' ? {} : { subresource }),
    };
  });
}
