/** What a call costs when it is made (cel-go `interpreter/runtimecost.go`, apiserver `pkg/cel/library/cost.go`). */
import type { Overload } from './functions/declare.ts';
import { formatRegexSize } from './functions/formats.ts';
import { length } from './functions/text.ts';
import { ListValue, MapValue, Optional } from './values.ts';

/** Units a character of text that is read, and a character of a pattern. */
export const TRAVERSAL = 0.1;
export const REGEX = 0.25;
/** Two checks of the authorizer fit into one evaluation. */
export const CHECK_COST = 350_000;

function size(value: unknown): number {
  if (typeof value === 'string') return length(value);
  if (value instanceof ListValue || value instanceof MapValue) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Optional && value.present) return size(value.value);
  return 1;
}

const traverse = (units: number): number => Math.ceil(units * TRAVERSAL);
const regex = (text: number, expression: number): number => Math.ceil((1 + text) * TRAVERSAL) * Math.ceil(expression * REGEX);

function tree(value: unknown): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * TRAVERSAL);
  if (value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL);
  let sum = 0;
  if (value instanceof ListValue) for (const item of value) sum += tree(item);
  else if (value instanceof MapValue) for (const key of value.keys()) sum += tree(key) + tree(value.get(key));
  else sum = 1;
  return sum;
}

type Cost = (args: readonly unknown[], result: unknown, overload: Overload) => number;

const readFirst: Cost = ([text]) => traverse(size(text));
const readTwice: Cost = ([text]) => traverse(size(text) * 2);
const comparison: Cost = ([a, b]) => traverse(Math.min(size(a), size(b)));
const concatenation: Cost = ([a, b]) => traverse(size(a) + size(b));
const treeOfFirst: Cost = ([list]) => tree(list);
const selector: Cost = ([, text]) => 10 + traverse(size(text)) + Math.ceil(Math.ceil(size(text) * 0.5) * 50);

const BY_FUNCTION: Readonly<Record<string, Cost>> = {
  check: () => CHECK_COST,
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: treeOfFirst,
  sum: treeOfFirst,
  max: treeOfFirst,
  min: treeOfFirst,
  indexOf: treeOfFirst,
  lastIndexOf: treeOfFirst,
  url: readFirst,
  lowerAscii: readFirst,
  upperAscii: readFirst,
  substring: readFirst,
  trim: readFirst,
  'jsonpatch.escapeKey': readFirst,
  replace: readTwice,
  split: readTwice,
  join: (_, result) => traverse(size(result) * 2),
  find: ([text, expression]) => regex(size(text), size(expression)),
  findAll: ([text, expression]) => regex(size(text), size(expression)),
  cidr: readFirst,
  isIP: readFirst,
  isCIDR: readFirst,
  ip: ([text], _, { id }) => (id === 'cidr_ip' ? 1 : traverse(size(text))),
  'ip.isCanonical': readTwice,
  containsIP: ([, other], _, { id }) => traverse(2) + (id === 'cidr_contains_ip_string' ? traverse(size(other)) : 0),
  containsCIDR: ([, other], _, { id }) => traverse(2) + traverse(1) + 1 + (id === 'cidr_contains_cidr_string' ? traverse(size(other)) : 0),
  quantity: readFirst,
  isQuantity: readFirst,
  semver: readFirst,
  isSemver: readFirst,
  validate: ([format, text]) => regex(size(text), formatRegexSize(format) ?? 1),
  startsWith: ([, part]) => traverse(size(part)),
  endsWith: ([, part]) => traverse(size(part)),
  'strings.quote': readFirst,
  format: readFirst,
  matches: ([text, expression]) => regex(size(text), size(expression)),
  contains: ([text, part]) => traverse(size(text)) * traverse(size(part)),
  '_==_': comparison,
  '_!=_': comparison,
};

const BY_OVERLOAD: Readonly<Record<string, Cost>> = {
  string_to_bytes: readFirst,
  bytes_to_string: readFirst,
  in_list: ([, list]) => size(list),
  add_string: concatenation,
  add_bytes: concatenation,
  ...Object.fromEntries(['less', 'less_equals', 'greater', 'greater_equals'].flatMap((name) => [`${name}_string`, `${name}_bytes`].map((id) => [id, comparison]))),
};

/** The cost of an overload is looked up once. */
const known = new Map<Overload, Cost | null>();

export function callCost(overload: Overload, args: readonly unknown[], result: unknown): number {
  let cost = known.get(overload);
  if (cost === undefined) {
    cost =
      (Object.hasOwn(BY_FUNCTION, overload.fn) ? BY_FUNCTION[overload.fn] : undefined) ?? (Object.hasOwn(BY_OVERLOAD, overload.id) ? BY_OVERLOAD[overload.id] : undefined) ?? null;
    known.set(overload, cost);
  }
  return cost === null ? 1 : cost(args, result, overload);
}
