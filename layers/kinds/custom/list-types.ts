/** Lists of type set and map hold nothing twice (apiextensions `schema/listtype`). */
import { duplicate, type FieldError, invalid } from '#machinery/field-error.ts';
import { canonicalStringify } from '#machinery/json.ts';
import type { SchemaNode } from './json-schema.ts';

type Bag = Record<string, unknown>;
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

const identity = (value: unknown): string => (typeof value === 'object' && value !== null ? canonicalStringify(value) : `${typeof value} ${String(value)}`);

/** The second place of each value that is there more than once. */
function repeated(values: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  for (const [at, value] of values.entries()) {
    const id = identity(value);
    const times = seen.get(id) ?? 0;
    if (times === 1) found.push(at);
    seen.set(id, times + 1);
  }
  return found;
}

function keysOf(item: unknown, keys: readonly string[]): Bag {
  const found: Bag = {};
  if (isBag(item)) for (const key of keys) if (item[key] !== undefined) found[key] = item[key];
  return found;
}

function list(value: readonly unknown[], node: SchemaNode, path: string, errors: FieldError[]): void {
  if (node.listType === 'set') {
    for (const at of repeated(value)) errors.push(duplicate(`${path}[${at}]`, value[at]));
  } else if (node.listType === 'map') {
    const odd = value.findIndex((item) => item !== null && !isBag(item));
    if (odd >= 0) errors.push(invalid(`${path}[${odd}]`, value[odd], 'must be an object for an array of list-type map'));
    else {
      const keys = value.map((item) => keysOf(item, node.listMapKeys));
      for (const at of repeated(keys)) errors.push(duplicate(`${path}[${at}]`, keys[at]));
    }
  }
  if (node.items?.holds.lists === true) for (const [at, item] of value.entries()) walk(item, node.items, `${path}[${at}]`, errors);
}

function walk(value: unknown, node: SchemaNode, path: string, errors: FieldError[]): void {
  if (!node.holds.lists) return;
  if (Array.isArray(value)) return list(value, node, path, errors);
  if (!isBag(value)) return;
  for (const key in value) {
    const property = node.properties?.get(key);
    if (property !== undefined) walk(value[key], property, path === '' ? key : `${path}.${key}`, errors);
    else if (typeof node.additional === 'object') walk(value[key], node.additional, `${path}[${key}]`, errors);
  }
}

export function validateLists(object: unknown, node: SchemaNode): FieldError[] {
  const errors: FieldError[] = [];
  walk(object, node, '', errors);
  return errors;
}
