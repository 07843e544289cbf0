/** Sets that were written when the schema was another: what is atomic now is owned as a whole. */
import { type FieldSet, isEmptyNode, isMember, MEMBER, nodeOf } from './field-set.ts';
import type { Manager } from './managers.ts';
import { type Place, UNTYPED } from './place.ts';

export function reconcile(place: Place, manager: Manager): Manager {
  const set = reconcileNode(place, manager.set);
  return set === manager.set ? manager : { ...manager, set };
}

function reconcileNode(place: Place, node: FieldSet): FieldSet {
  if (place.kind === 'untyped' || node === MEMBER || isEmptyNode(node)) return node;
  if (place.kind === 'leaf') {
    // only lists and maps have parts that somebody may have owned
    return place.type.type === 'array' || place.type.type === 'object' || place.type.type === 'map' ? MEMBER : node;
  }
  if (place.kind === 'map' && place.items === UNTYPED) return node;
  let children: FieldSet | undefined;
  for (const element in node) {
    if (element === '.') continue;
    const child = node[element]!;
    if (child === MEMBER) continue;
    const below = element.charCodeAt(0) === 102 ? (place.fields.get(element.slice(2))?.place ?? place.items) : place.items;
    if (below === undefined) continue;
    const next = reconcileNode(below, child);
    if (next !== child) (children ??= { ...node })[element] = next;
  }
  if (children === undefined) return node;
  const { '.': _, ...rest } = children;
  return nodeOf(isMember(node), rest) ?? MEMBER;
}
