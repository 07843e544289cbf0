/** Which store a call of a verb speaks to: the one there is, or a view of it for custom resources. */
import type { DynamicRegistry } from '#kinds/custom/registry.ts';
import type { Kind } from '#kinds/kind.ts';
import type { ServerParts } from '../context.ts';
import type { Convert } from './convert.ts';
import { type StoreView, storeView } from './store-view.ts';

export interface CustomServing {
  /** The parts that a call of this kind works with. */
  partsFor<P extends ServerParts>(parts: P, kind: Kind): P;
}

export function customServing(registry: DynamicRegistry, convert: Convert): CustomServing {
  const made = new WeakMap<Kind, { readonly parts: ServerParts; readonly from: ServerParts; readonly view: StoreView }>();
  registry.onChange((gone) => {
    for (const kind of gone) made.get(kind)?.view.end();
  });
  return {
    partsFor<P extends ServerParts>(parts: P, kind: Kind): P {
      if (kind.custom === undefined) return parts;
      const known = made.get(kind);
      if (known?.from === parts) return known.parts as P;
      const view = storeView(parts.store, kind, convert);
      const own = { ...parts, store: view };
      made.set(kind, { parts: own, from: parts, view });
      return own;
    },
  };
}
