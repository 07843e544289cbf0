/** Defaults of a schema must themselves be good values (apiextensions `defaulting.ValidateDefaults`). */
import { clone, deepEqual } from '#machinery/json.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { coerceEmbedded, validateEmbedded } from '../custom/embedded.ts';
import type { SchemaNode } from '../custom/json-schema.ts';
import { rulesOf } from '../custom/rules.ts';
import { validateDefault } from '../custom/validate-value.ts';

type Bag = Record<string, unknown>;
const META: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Takes out, in place, what the schema does not know. */
function prune(value: unknown, node: SchemaNode | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) prune(item, node?.items);
    return;
  }
  const bag = value as Bag;
  for (const key in bag) {
    if (node?.embedded === true && META.has(key)) continue;
    const property = node?.properties?.get(key);
    if (property !== undefined) prune(bag[key], property);
    else if (node?.additional !== undefined) prune(bag[key], typeof node.additional === 'object' ? node.additional : undefined);
    else if (node?.preserveUnknown !== true) delete bag[key];
  }
}

function isPruned(value: unknown, node: SchemaNode): boolean {
  const copy = clone(value);
  prune(copy, node);
  return deepEqual(copy, value);
}

export const hasUnprunedDefault = (node: SchemaNode): boolean =>
  node.holds.defaults &&
  ((node.default !== undefined && !isPruned(node.default, node)) ||
    (node.items !== undefined && hasUnprunedDefault(node.items)) ||
    [...(node.properties?.values() ?? [])].some(hasUnprunedDefault));

export function defaultErrors(node: SchemaNode, path: string, mustBePruned: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!node.holds.defaults) return errors;
  if (node.default !== undefined) {
    const at = `${path}.default`;
    if (mustBePruned && !isPruned(node.default, node)) errors.push(invalid(at, node.default, 'must not have unknown fields'));
    const copy = clone(node.default);
    const found = coerceEmbedded(copy, node, at);
    if (found.length === 0) found.push(...validateEmbedded(copy, node, at));
    if (found.length === 0) found.push(...validateDefault(node.default, node, at));
    // both as what stays and as what is new
    if (found.length === 0) found.push(...(rulesOf(node)?.check(node.default, node.default, at) ?? []));
    if (found.length === 0) found.push(...(rulesOf(node)?.check(node.default, undefined, at) ?? []));
    errors.push(...found);
  }
  if (node.items !== undefined) errors.push(...defaultErrors(node.items, `${path}.items`, mustBePruned));
  for (const [name, property] of node.properties ?? []) errors.push(...defaultErrors(property, `${path}.properties[${name}]`, mustBePruned));
  return errors;
}
