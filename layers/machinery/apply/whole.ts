/** The set of a value that is new as a whole. */
import { compareElements, type FieldSet, MEMBER, size, sortKeys } from './field-set.ts';
import { type Place, UNTYPED } from './place.ts';
import { elementOf, type ObjectValue, resolve, type Value } from './value.ts';

/**
 * Everything at and under a value that was not there before, every step a member, in order.
 * @param like the set of a value that may be much like this one: it is given back, or parts of it are, where it is the same. Asking is far cheaper
 *   than making, and whoever keeps many sets keeps one.
 */
export function wholeOf(place: Place, value: Value, like?: FieldSet): FieldSet {
  if (typeof value !== 'object' || value === null) return MEMBER;
  if (like !== undefined && isWholeOf(place, value, like)) return like;
  const at = place.kind === 'untyped' ? resolve(place, value) : place;
  switch (at.kind) {
    case 'leaf':
    case 'untyped':
      return MEMBER;
    case 'struct':
    case 'map':
      return Array.isArray(value) ? MEMBER : wholeFields(at, value as ObjectValue, like);
    case 'list':
    case 'set':
      return Array.isArray(value) ? wholeItems(at, value as Value[], like) : MEMBER;
  }
}

function wholeFields(at: Place, value: ObjectValue, like: FieldSet | undefined): FieldSet {
  const keys = Object.keys(value);
  if (at.nulls.size > 0) for (const name of at.nulls.keys()) if (!Object.hasOwn(value, name)) keys.push(name);
  if (keys.length === 0) return MEMBER;
  sortKeys(keys);
  const node: FieldSet = { '.': MEMBER };
  const { fields, items } = at;
  for (const key of keys) {
    const child = value[key];
    const field = fields.get(key);
    if (field === undefined) {
      const element = `f:${key}`;
      if (child !== undefined) node[element] = typeof child === 'object' ? wholeOf(items ?? UNTYPED, child, like?.[element]) : MEMBER;
    } else if (typeof child === 'object') node[field.element] = field.place.kind === 'leaf' ? MEMBER : wholeOf(field.place, child, like?.[field.element]);
    else if (child !== undefined || field.absent === null) node[field.element] = MEMBER;
  }
  return node;
}

function wholeItems(at: Place, value: readonly Value[], like: FieldSet | undefined): FieldSet {
  const found = new Map<string, FieldSet>();
  for (const item of value) {
    const element = elementOf(at, item);
    // of an item that is there twice only that is known
    if (element !== undefined) found.set(element, at.kind === 'set' || found.has(element) ? MEMBER : wholeOf(at.items!, item, like?.[element]));
  }
  if (found.size === 0) return MEMBER;
  const node: FieldSet = { '.': MEMBER };
  const elements = [...found.keys()];
  for (const element of at.textual ? sortKeys(elements) : elements.sort(compareElements)) node[element] = found.get(element)!;
  return node;
}

/** Whether `wholeOf` would make just this set, one that it made before. */
function isWholeOf(place: Place, value: Value, set: FieldSet): boolean {
  if (typeof value !== 'object' || value === null) return set === MEMBER;
  const at = place.kind === 'untyped' ? resolve(place, value) : place;
  switch (at.kind) {
    case 'leaf':
    case 'untyped':
      return set === MEMBER;
    case 'struct':
    case 'map':
      return Array.isArray(value) ? set === MEMBER : areFields(at, value as ObjectValue, set);
    case 'list':
    case 'set':
      return Array.isArray(value) ? areItems(at, value as Value[], set) : set === MEMBER;
  }
}

function areFields(at: Place, value: ObjectValue, set: FieldSet): boolean {
  const { fields, items, nulls } = at;
  let count = 0;
  for (const key in value) {
    const child = value[key];
    const field = fields.get(key);
    if (child === undefined && field?.absent !== null) continue;
    const known = set[field === undefined ? `f:${key}` : field.element];
    if (known === undefined) return false;
    if (typeof child !== 'object' || field?.place.kind === 'leaf') {
      if (known !== MEMBER) return false;
    } else if (!isWholeOf(field === undefined ? (items ?? UNTYPED) : field.place, child, known)) return false;
    count++;
  }
  if (nulls.size > 0)
    for (const [name, element] of nulls) {
      if (Object.hasOwn(value, name)) continue;
      if (set[element] !== MEMBER) return false;
      count++;
    }
  return count === 0 ? set === MEMBER : size(set) === count + 1;
}

function areItems(at: Place, value: readonly Value[], set: FieldSet): boolean {
  const seen = value.length > 1 ? new Set<string>() : undefined;
  let count = 0;
  for (const item of value) {
    const element = elementOf(at, item);
    if (element === undefined) continue;
    const known = set[element];
    if (known === undefined || seen?.has(element) === true) return false;
    if (at.kind === 'set' ? known !== MEMBER : !isWholeOf(at.items!, item, known)) return false;
    seen?.add(element);
    count++;
  }
  return count === 0 ? set === MEMBER : size(set) === count + 1;
}
