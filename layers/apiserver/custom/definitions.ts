/** CustomResourceDefinitions as the store has them: what a registry of custom kinds is made from. */
import type { DefinitionSource } from '#kinds/custom/registry.ts';
import type { CustomResourceDefinition } from '#kinds/generated/types.ts';
import type { Store, StoredObject } from '#store/port.ts';
import { parseBytes } from '../write/body.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
/** Definitions are large: some hundred kilobytes each. */
const PAGE = 50;

/**
 * Asks the store only how far it is, as long as nothing was written: that is a strong answer everywhere, and costs one small read where
 * the store is remote.
 */
export function storedDefinitions(store: Store): DefinitionSource {
  let seen = -1;
  let parsed = new Map<string, { readonly rv: number; readonly definition: CustomResourceDefinition }>();
  return {
    async changes() {
      if ((await store.frontier(DEFINITIONS)) === seen) return undefined;
      const items: StoredObject[] = [];
      const first = await store.list({ resource: DEFINITIONS, version: 'latest', limit: PAGE });
      items.push(...first.items);
      for (let page = first; page.more && page.items.length > 0;) {
        const { namespace, name } = page.items.at(-1)!.key;
        page = await store.list({ resource: DEFINITIONS, version: { at: first.rv }, after: { namespace, name }, limit: PAGE });
        items.push(...page.items);
      }
      const now: typeof parsed = new Map();
      for (const { key, rv, body } of items) {
        const known = parsed.get(key.name);
        now.set(key.name, known?.rv === rv ? known : { rv, definition: parseBytes<CustomResourceDefinition>(body) });
      }
      parsed = now;
      seen = first.rv;
      return [...parsed.values()].map(({ definition }) => definition);
    },
  };
}

/** Keeps a registry fresh for those who ask it without a request at hand (controllers). Ends when the answer is called. */
export async function followDefinitions(store: Store, refresh: () => Promise<void>, onError: (error: unknown) => void): Promise<() => void> {
  let stop: (() => void) | undefined;
  let ended = false;
  const take = (): void => void refresh().catch(onError);
  const follow = async (): Promise<void> => {
    const from = await store.frontier(DEFINITIONS);
    const unsubscribe = await store.watch(DEFINITIONS, from, {
      changes: (changes) => {
        if (changes.length > 0) take();
      },
      expired: () => void follow().catch(onError),
    });
    if (ended) unsubscribe();
    else stop = unsubscribe;
    await refresh();
  };
  await follow();
  return () => {
    ended = true;
    stop?.();
  };
}
