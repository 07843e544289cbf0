/**
 * Sets of field paths, kept in the very form that managedFields carry (meta/v1 FieldsV1), so that most writes need no conversion: an object
 * whose keys are path elements (`f:name`, `k:{...}`, `v:...`, `i:0`). An empty object is a member without children; a member that has
 * children says so with a key `.`; a node with children and without `.` is only on the way to them.
 */
export interface FieldSet {
  [element: string]: FieldSet;
}

const SELF = '.';

export function isEmptyNode(node: FieldSet): boolean {
  for (const _ in node) return false;
  return true;
}

export const isMember = (node: FieldSet): boolean => SELF in node || isEmptyNode(node);

/** The node of a member (or not) with these children; `undefined` where that is nothing at all. */
function node(member: boolean, children: FieldSet | undefined): FieldSet | undefined {
  if (children === undefined || isEmptyNode(children)) return member ? {} : undefined;
  return member ? { [SELF]: {}, ...children } : children;
}

/** Builds bottom-up: the children found under one place. */
export function asNode(member: boolean, children: FieldSet): FieldSet | undefined {
  return node(member, children);
}

function combine(a: FieldSet | undefined, b: FieldSet | undefined, member: (inA: boolean, inB: boolean) => boolean): FieldSet | undefined {
  const children: FieldSet = {};
  const both = a !== undefined && b !== undefined;
  for (const key in a) {
    if (key === SELF) continue;
    const made = combine(a[key], b?.[key], member);
    if (made !== undefined) children[key] = made;
  }
  for (const key in b) {
    if (key === SELF || (both && a[key] !== undefined)) continue;
    const made = combine(undefined, b[key], member);
    if (made !== undefined) children[key] = made;
  }
  return node(member(a !== undefined && isMember(a), b !== undefined && isMember(b)), children);
}

/** The root is never a member itself: an empty set is an empty object there. */
function top(a: FieldSet, b: FieldSet, member: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const result: FieldSet = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const made = combine(a[key], b[key], member);
    if (made !== undefined) result[key] = made;
  }
  return result;
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) ? b : isEmptyNode(b) ? a : top(a, b, (inA, inB) => inA || inB));
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) || isEmptyNode(b) ? {} : top(a, b, (inA, inB) => inA && inB));
export const difference = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) || isEmptyNode(b) ? a : top(a, b, (inA, inB) => inA && !inB));

/** `a` without everything at or under the paths. */
export function without(a: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  let result = a;
  for (const path of paths)
    result = cut(
      result,
      path.map((name) => `f:${name}`),
    );
  return result;
}

function cut(set: FieldSet, path: readonly string[]): FieldSet {
  const [first, ...rest] = path;
  const child = set[first!];
  if (child === undefined) return set;
  const { [first!]: _, ...others } = set;
  if (rest.length === 0) return others;
  const kept = cut(child, rest);
  // a way that leads nowhere any more is no member
  return isEmptyNode(kept) && !isEmptyNode(child) ? others : { ...others, [first!]: kept };
}

/** Kubernetes writes path elements in order: fields, keys, values, indices, each sorted. */
export function sorted(set: FieldSet): FieldSet {
  const keys = Object.keys(set);
  if (keys.length === 0) return set;
  const result: FieldSet = {};
  for (const key of keys.sort()) result[key] = sorted(set[key]!);
  return result;
}

/** The members as paths for people: `.spec.containers[name="app"].image`. */
export function paths(set: FieldSet, prefix = ''): string[] {
  const found: string[] = [];
  for (const key in set) {
    if (key === SELF) continue;
    const child = set[key]!;
    const path = prefix + element(key);
    if (isMember(child)) found.push(path);
    found.push(...paths(child, path));
  }
  return found;
}

function element(key: string): string {
  const text = key.slice(2);
  switch (key[0]) {
    case 'f':
      return `.${text}`;
    case 'k':
      return `[${Object.entries(JSON.parse(text) as Record<string, unknown>)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}
