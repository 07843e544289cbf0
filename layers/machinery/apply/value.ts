/** What the walks over objects ask about a value at its place. */
import { type Place, UNTYPED_MAP } from './place.ts';

export type Value = unknown;
export type ObjectValue = Record<string, Value>;

export const isObject = (value: Value): value is ObjectValue => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isEmpty = (object: object): boolean => {
  for (const _ in object) return false;
  return true;
};

/** What the place is for this value: an untyped one becomes a map for an object, a leaf for anything else. */
export const resolve = (place: Place, value: Value): Place => (place.kind === 'untyped' && isObject(value) ? UNTYPED_MAP : place);
export const isFields = (place: Place): boolean => place.kind === 'struct' || place.kind === 'map';
export const isItems = (place: Place): boolean => place.kind === 'list' || place.kind === 'set';

const PLAIN = /^[\w./:-]*$/;
/** Most keys are names, which are their own JSON. */
const json = (key: Value): string => (typeof key === 'string' && PLAIN.test(key) ? `"${key}"` : JSON.stringify(key));

/** The path element of a list's item; `undefined` for one that has none (no key at all, null). */
export function elementOf(place: Place, item: Value): string | undefined {
  if (place.kind === 'set') return typeof item === 'object' ? undefined : `v:${json(item)}`;
  if (!isObject(item)) return undefined;
  if (place.keys.length === 1) {
    const { name, lead, fallback } = place.keys[0]!;
    const value = item[name] ?? fallback;
    return value === undefined ? undefined : `k:{${lead}${json(value)}}`;
  }
  let text = '';
  for (const { name, lead, fallback } of place.keys) {
    const value = item[name] ?? fallback;
    // an absent key is part of no element: such an item is another one
    if (value !== undefined) text += `${text === '' ? lead.slice(lead.indexOf('"')) : lead}${json(value)}`;
  }
  return text === '' ? undefined : `k:{${text}}`;
}
