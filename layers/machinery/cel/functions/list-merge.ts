/** `+` of lists that a schema calls sets or maps: the union, in the way of server-side apply. */
import { contains, mapKeyOf } from '../equality.ts';
import { ArrayList, type JsonList, type ListValue } from '../values.ts';

export function joinLists(a: JsonList, b: ListValue): ListValue {
  const declared = a.declared!;
  const items = [...a];
  if (declared.listType === 'set') {
    for (const item of b) if (!contains(a, item)) items.push(item);
    return new ArrayList(items);
  }
  if (declared.listType === 'map') {
    const keys = declared.mapKeys ?? [];
    const places = new Map(items.map((item, at) => [mapKeyOf(item, keys), at]));
    for (const item of b) {
      const at = places.get(mapKeyOf(item, keys));
      if (at === undefined) items.push(item);
      else items[at] = item;
    }
    return new ArrayList(items);
  }
  for (const item of b) items.push(item);
  return new ArrayList(items);
}
