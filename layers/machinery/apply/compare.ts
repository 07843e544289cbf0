/** How two objects differ, place by place. */
import { deepEqual } from '../json.ts';
import { type FieldSet, inOrder, inOrderAs, MEMBER, nodeOf } from './field-set.ts';
import { type Place, UNTYPED } from './place.ts';
import { elementOf, isEmpty, isFields, isItems, isObject, type ObjectValue, resolve, type Value } from './value.ts';
import { wholeOf } from './whole.ts';

/** Fields that a walk passes by, by name; an empty map stands for everything below. */
export interface Skip {
  readonly [field: string]: Skip;
}

export interface Comparison {
  /** Added and modified. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What is found at one level, while it is being found. */
interface Found {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
  /** What changed here in another comparison that may have been much the same. */
  readonly like: FieldSet | undefined;
}

/** @param like the `changed` of another comparison: given back, or parts of it are, where this one finds the same. Objects made one after the other often do. */
export function compare(place: Place, before: Value, after: Value, skip?: Skip, like?: FieldSet): Comparison {
  const found: Found = { changed: {}, removed: {}, like };
  compareFields(place, isObject(before) ? before : {}, isObject(after) ? after : {}, found, skip);
  return { changed: inOrderAs(found.changed, like), removed: inOrder(found.removed) };
}

function compareFields(place: Place, before: ObjectValue, after: ObjectValue, found: Found, skip: Skip | undefined): void {
  for (const key in after) {
    const now = after[key];
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old !== now) compareField(place, key, old, now, found, skip);
  }
  for (const key in before) if (!Object.hasOwn(after, key) && before[key] !== undefined) compareField(place, key, before[key], undefined, found, skip);
}

function compareField(place: Place, key: string, old: Value, now: Value, found: Found, skip: Skip | undefined): void {
  const below = skip !== undefined && Object.hasOwn(skip, key) ? skip[key] : undefined;
  if (below !== undefined && isEmpty(below)) return;
  const field = place.fields.get(key);
  if (field === undefined) comparePlace(place.items ?? UNTYPED, `f:${key}`, old, now, found, below);
  else if (field.place.kind === 'leaf' && typeof old !== 'object' && typeof now !== 'object') {
    // nearly every field
    if (now !== undefined || field.absent === null) found.changed[field.element] = MEMBER;
    else found.removed[field.element] = MEMBER;
  } else comparePlace(field.place, field.element, old === undefined ? field.absent : old, now === undefined ? field.absent : now, found, below);
}

/** Puts what differs at one place under `element`. Both values absent never comes here. */
function comparePlace(place: Place, element: string, before: Value, after: Value, found: Found, skip: Skip | undefined): void {
  if (before === after) return;
  const like = found.like?.[element];
  if (before === undefined && skip === undefined) {
    found.changed[element] = wholeOf(place, after, like);
    return;
  }
  if (after === undefined && skip === undefined) {
    found.removed[element] = wholeOf(place, before);
    return;
  }
  const [was, is] = [resolve(place, before), resolve(place, after)];
  const inner: Found = { changed: {}, removed: {}, like };
  let self = false;
  if (isFields(was) || isFields(is)) {
    const [left, right] = [isObject(before) ? before : undefined, isObject(after) ? after : undefined];
    if ((left === undefined || isEmpty(left)) && (right === undefined || isEmpty(right))) self = !deepEqual(before, after);
    else compareFields(isFields(is) ? is : was, left ?? {}, right ?? {}, inner, skip);
    // a value of another form took the place
    if (place.kind === 'untyped' && before !== undefined && after !== undefined && (left === undefined) !== (right === undefined)) self = true;
  } else if (isItems(place)) {
    const [left, right] = [Array.isArray(before) ? (before as Value[]) : [], Array.isArray(after) ? (after as Value[]) : []];
    if (left.length === 0 && right.length === 0) self = !deepEqual(before, after);
    else compareItems(place, left, right, inner);
  } else self = !deepEqual(before, after);
  const isMember = before === undefined || (self && after !== undefined);
  const made = isMember ? nodeOf(true, inOrder(inner.changed)) : nodeOf(false, inOrderAs(inner.changed, like));
  if (made !== undefined) found.changed[element] = made;
  const gone = nodeOf(after === undefined, inOrder(inner.removed));
  if (gone !== undefined) found.removed[element] = gone;
}

function groups(place: Place, items: readonly Value[]): Map<string, Value[]> {
  const found = new Map<string, Value[]>();
  for (const item of items) {
    const element = elementOf(place, item);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  }
  return found;
}

function compareItems(place: Place, before: readonly Value[], after: readonly Value[], found: Found): void {
  const items = place.items!;
  const { changed, removed } = found;
  const [old, now] = [groups(place, before), groups(place, after)];
  for (const [element, news] of now) {
    const olds = old.get(element) ?? [];
    if (olds.length <= 1 && news.length <= 1) comparePlace(items, element, olds[0], news[0], found, undefined);
    // items that are there twice are one value together
    else if (olds.length >= 2 && news.length >= 2) {
      if (!deepEqual(olds, news)) changed[element] = MEMBER;
    } else if (olds.length >= 2) {
      changed[element] = wholeOf(items, news[0]);
      removed[element] = MEMBER;
    } else {
      if (olds.length > 0) removed[element] = wholeOf(items, olds[0]);
      changed[element] = MEMBER;
    }
  }
  for (const [element, olds] of old) if (!now.has(element)) removed[element] = olds.length > 1 ? MEMBER : wholeOf(items, olds[0]);
}
