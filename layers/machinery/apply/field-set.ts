/**
 * Sets of field paths, kept in the very form that managedFields carry (meta/v1 FieldsV1), so that most writes need no conversion: an object
 * whose keys are path elements (`f:name`, `k:{...}`, `v:...`, `i:0`). An empty object is a member without children; a member that has
 * children says so with a key `.`; a node with children and without `.` is only on the way to them. Sets are never changed in place
 * once they are made: their nodes are shared. Nodes are made in the order in which Kubernetes writes them, and every operation keeps it.
 */
export interface FieldSet {
  [element: string]: FieldSet;
}

const SELF = '.';
export const MEMBER: FieldSet = Object.freeze({});

export function isEmptyNode(node: FieldSet): boolean {
  for (const _ in node) return false;
  return true;
}

/** How many elements a node has, itself counted where it says that it is a member. */
export function size(node: FieldSet): number {
  let count = 0;
  for (const _ in node) count++;
  return count;
}

export const isMember = (node: FieldSet): boolean => SELF in node || isEmptyNode(node);
const hasChildren = (node: FieldSet): boolean => {
  for (const key in node) if (key !== SELF) return true;
  return false;
};

/** The node of a place with these children; `undefined` where that is nothing at all. `children` is taken over. */
export function nodeOf(member: boolean, children: FieldSet | undefined): FieldSet | undefined {
  if (children === undefined || isEmptyNode(children)) return member ? MEMBER : undefined;
  return member ? { [SELF]: MEMBER, ...children } : children;
}

function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const member = isMember(a) || isMember(b);
  const children: FieldSet = {};
  for (const key in a) if (key !== SELF) children[key] = Object.hasOwn(b, key) ? unionNode(a[key]!, b[key]!) : a[key]!;
  for (const key in b) if (key !== SELF && !Object.hasOwn(a, key)) children[key] = b[key]!;
  return inOrder(nodeOf(member, children) ?? MEMBER);
}

function differenceNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const children: FieldSet = {};
  for (const key in a) {
    if (key === SELF) continue;
    const kept = Object.hasOwn(b, key) ? differenceNode(a[key]!, b[key]!) : a[key]!;
    if (kept !== undefined) children[key] = kept;
  }
  return nodeOf(isMember(a) && !isMember(b), children);
}

function intersectionNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const children: FieldSet = {};
  for (const key in a) {
    if (key === SELF || !Object.hasOwn(b, key)) continue;
    const both = intersectionNode(a[key]!, b[key]!);
    if (both !== undefined) children[key] = both;
  }
  return nodeOf(isMember(a) && isMember(b), children);
}

// a root is never a member: an empty set is an empty object there
const asRoot = (node: FieldSet | undefined): FieldSet => {
  if (node === undefined || !(SELF in node)) return node ?? MEMBER;
  const { [SELF]: _, ...children } = node;
  return children;
};
export const union = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) ? b : isEmptyNode(b) ? a : asRoot(unionNode(a, b)));
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) || isEmptyNode(b) ? MEMBER : asRoot(intersectionNode(a, b)));
export const difference = (a: FieldSet, b: FieldSet): FieldSet => (isEmptyNode(a) || isEmptyNode(b) ? a : asRoot(differenceNode(a, b)));

/** `a` without everything at or under the paths. */
export function without(a: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  let result = a;
  for (const path of paths) result = cut(result, path, 0) ?? MEMBER;
  return result;
}

function cut(set: FieldSet, path: readonly string[], at: number): FieldSet | undefined {
  const element = `f:${path[at]!}`;
  const child = set[element];
  if (child === undefined) return set;
  const { [element]: _, ...others } = set;
  const kept = at === path.length - 1 ? undefined : cut(child, path, at + 1);
  // a way that leads nowhere any more is no member
  if (kept === undefined) return isEmptyNode(others) ? undefined : others;
  return { ...others, [element]: kept };
}

/** Whether the path is a member. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const name of path) {
    node = node[`f:${name}`];
    if (node === undefined) return false;
  }
  return isMember(node);
}

/** The set of one path. */
export function setOfPath(path: readonly string[]): FieldSet {
  let node: FieldSet = MEMBER;
  for (const name of path.toReversed()) node = { [`f:${name}`]: node };
  return node;
}

/** Whether a value that a client sent has the form of a set. */
export function isFieldSet(value: unknown, depth = 0): value is FieldSet {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > 100) return false;
  for (const key in value) {
    if (key !== SELF && !/^(?:f:|v:.|k:\{|i:\d)/s.test(key)) return false;
    if (key.startsWith('k:') || key.startsWith('v:')) {
      try {
        JSON.parse(key.slice(2));
      } catch {
        return false;
      }
    }
    if (!isFieldSet((value as FieldSet)[key], depth + 1)) return false;
  }
  return true;
}

/** Sorts in place; few keys, often in order already. */
export function sortKeys(keys: string[]): string[] {
  if (keys.length > 24) return keys.sort();
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at]!;
    let to = at;
    while (to > 0 && keys[to - 1]! > key) {
      keys[to] = keys[to - 1]!;
      to--;
    }
    if (to !== at) keys[to] = key;
  }
  return keys;
}

/** Fields, keys, values, indices; each by what it holds: numbers by size. */
export function compareElements(a: string, b: string): number {
  const [typeA, typeB] = [a.charCodeAt(0), b.charCodeAt(0)];
  // '.' is first, then f, k, v, i
  if (typeA !== typeB) return (typeA === 105 ? 200 : typeA) - (typeB === 105 ? 200 : typeB);
  if (typeA === 102 || typeA === 46 || !(hasNumber(a) || hasNumber(b))) return a < b ? -1 : a > b ? 1 : 0;
  const [valueA, valueB] = [JSON.parse(a.slice(2)) as unknown, JSON.parse(b.slice(2)) as unknown];
  if (typeA !== 107) return compareValues(valueA, valueB);
  const [fieldsA, fieldsB] = [Object.entries(valueA as object), Object.entries(valueB as object)];
  for (let at = 0; at < fieldsA.length && at < fieldsB.length; at++) {
    const [nameA, nameB] = [fieldsA[at]![0], fieldsB[at]![0]];
    const order = nameA < nameB ? -1 : nameA > nameB ? 1 : compareValues(fieldsA[at]![1], fieldsB[at]![1]);
    if (order !== 0) return order;
  }
  return fieldsA.length - fieldsB.length;
}

/** Whether the first value in a key, a set's value or an index is no text: texts sort as their JSON does. */
function hasNumber(element: string): boolean {
  return element.charCodeAt(0) === 107 ? element.charCodeAt(element.indexOf('":') + 2) !== 34 : element.charCodeAt(2) !== 34;
}

/** Numbers before texts before booleans, as structured-merge-diff has it. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === typeof b) return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
  const rank = (value: unknown): number => ['number', 'string', 'boolean'].indexOf(typeof value);
  return rank(a) - rank(b);
}

/** One node in the order in which Kubernetes writes path elements; the node itself where it is in order. */
export function inOrder(node: FieldSet): FieldSet {
  let last = '';
  for (const key in node) {
    if (last !== '' && (key.charCodeAt(0) === 102 && last.charCodeAt(0) === 102 ? last > key : compareElements(last, key) > 0)) {
      const result: FieldSet = {};
      for (const element of Object.keys(node).sort(compareElements)) result[element] = node[element]!;
      return result;
    }
    last = key;
  }
  return node;
}

/** As `inOrder`; gives `like` itself where that says the same, and takes its order over where it has the same elements. */
export function inOrderAs(node: FieldSet, like: FieldSet | undefined): FieldSet {
  if (like === undefined) return inOrder(node);
  let same = true;
  let count = 0;
  for (const element in node) {
    const known = like[element];
    if (known === undefined) return inOrder(node);
    if (known !== node[element]) same = false;
    count++;
  }
  if (count !== size(like)) return inOrder(node);
  if (same) return like;
  const result: FieldSet = {};
  for (const element in like) result[element] = node[element]!;
  return result;
}

/** The whole set in order: for sets that clients wrote. */
export function sorted(set: FieldSet): FieldSet {
  const result: FieldSet = {};
  for (const key in set) result[key] = sorted(set[key]!);
  return inOrder(result);
}

/** The members as paths for people, in Kubernetes' order: `.spec.containers[name="app"].image`. */
export function paths(set: FieldSet, prefix = ''): string[] {
  const keys = Object.keys(set)
    .filter((key) => key !== SELF)
    .sort(compareElements);
  return [
    ...keys.filter((key) => isMember(set[key]!)).map((key) => prefix + elementText(key)),
    ...keys.flatMap((key) => (hasChildren(set[key]!) ? paths(set[key]!, prefix + elementText(key)) : [])),
  ];
}

export function elementText(key: string): string {
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
