/** Just enough of patches and selectors for the fake API. */
import type { KubeObject } from '#machinery/object.ts';

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** The lists that controllers patch, with their merge keys; other lists are replaced. */
const KEYS: Readonly<Record<string, string>> = { conditions: 'type', ownerReferences: 'uid', containers: 'name', addresses: 'type' };
const SETS = new Set(['finalizers', 'podCIDRs']);

export function strategicPatch(target: unknown, patch: unknown, field = ''): unknown {
  if (Array.isArray(patch)) {
    if (SETS.has(field)) return [...new Set([...(Array.isArray(target) ? (target as unknown[]) : []), ...(patch as unknown[])])];
    const key = KEYS[field];
    if (key === undefined || !Array.isArray(target)) return patch as unknown[];
    const result = [...(target as Record<string, unknown>[])];
    for (const item of patch as Record<string, unknown>[]) {
      const at = result.findIndex((one) => one[key] === item[key]);
      if (item['$patch'] === 'delete') {
        if (at >= 0) result.splice(at, 1);
      } else if (at >= 0) result[at] = strategicPatch(result[at], item) as Record<string, unknown>;
      else result.push(item);
    }
    return result;
  }
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$deleteFromPrimitiveList/')) {
      const list = name.slice(name.indexOf('/') + 1);
      result[list] = ((result[list] as unknown[] | undefined) ?? []).filter((one) => !(value as unknown[]).includes(one));
    } else if (name.startsWith('$')) continue;
    else if (value === null) delete result[name];
    else result[name] = strategicPatch(result[name], value, name);
  }
  return result;
}

/** `a=b,c!=d,e`. */
export function matchesLabels(selector: string | undefined, { metadata: { labels = {} } }: KubeObject): boolean {
  return matches(selector, labels);
}

export function matchesFields(selector: string | undefined, { metadata }: KubeObject, fields: Readonly<Record<string, string>>): boolean {
  return matches(selector, { ...fields, 'metadata.name': metadata.name ?? '', 'metadata.namespace': metadata.namespace ?? '' });
}

function matches(selector: string | undefined, values: Readonly<Record<string, string>>): boolean {
  if (selector === undefined || selector === '') return true;
  return selector.split(',').every((term) => {
    const [, key = '', operator, value] = /^([^!=]+?)(?:(!=|==?)(.*))?$/.exec(term) ?? [];
    if (operator === undefined) return key in values;
    return operator === '!=' ? values[key] !== value : values[key] === value;
  });
}
