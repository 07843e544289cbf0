/** Defaults of custom resources (apiextensions `schema/defaulting`). */
import { clone } from '#machinery/json.ts';
import type { SchemaNode } from './json-schema.ts';

type Bag = Record<string, unknown>;

const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a key: named, or that of all others. */
const childOf = (node: SchemaNode, key: string): SchemaNode | undefined => node.properties?.get(key) ?? (typeof node.additional === 'object' ? node.additional : undefined);

/**
 * Fills in what the schema has defaults for, in place; a null where none may stand counts as absent, and goes where there is no default.
 * Defaults of a field are applied before those inside it, so that a default may bring more.
 */
export function applyDefaults(value: unknown, node: SchemaNode): void {
  if (isBag(value)) {
    for (const [name, property] of node.properties ?? []) {
      const present = value[name];
      if (property.default !== undefined && (present === undefined || (present === null && !property.nullable))) value[name] = clone(property.default);
    }
    for (const key in value) {
      const child = childOf(node, key);
      if (child === undefined) continue;
      if (value[key] === null && !child.nullable) {
        if (child.default !== undefined) value[key] = clone(child.default);
        else delete value[key];
      }
      if (typeof value[key] === 'object') applyDefaults(value[key], child);
    }
  } else if (Array.isArray(value) && node.items !== undefined) {
    const { items } = node;
    for (let at = 0; at < value.length; at++) {
      if (value[at] === null && !items.nullable && items.default !== undefined) value[at] = clone(items.default);
      if (typeof value[at] === 'object') applyDefaults(value[at], items);
    }
  }
}
