/** Policies with the bindings that put them to use. A policy without a binding does nothing. */
import type { KubeObject } from '#machinery/object.ts';
import type { Services } from '../../../server.port.ts';
import { type Followed, follow } from '../followed.ts';

interface Bound extends KubeObject {
  spec?: { policyName?: string };
}

export interface PolicyHook<P, B> {
  readonly policy: P;
  readonly bindings: readonly B[];
}

export interface PolicySource<P, B> {
  hooks(): readonly PolicyHook<P, B>[] | Promise<readonly PolicyHook<P, B>[]>;
}

export function policySource<P extends KubeObject, B extends Bound>(services: () => Services, policies: string, bindings: string): PolicySource<P, B> {
  const store = () => services().store;
  const followed: Followed<P> = follow(store, policies);
  const bound: Followed<B> = follow(store, bindings);
  let last: { readonly policies: readonly P[]; readonly bindings: readonly B[]; readonly hooks: readonly PolicyHook<P, B>[] } | undefined;
  const join = (all: readonly P[], allBindings: readonly B[]): readonly PolicyHook<P, B>[] => {
    if (last?.policies === all && last.bindings === allBindings) return last.hooks;
    const byPolicy = new Map<string, B[]>();
    for (const binding of allBindings) {
      const name = binding.spec?.policyName ?? '';
      byPolicy.set(name, [...(byPolicy.get(name) ?? []), binding]);
    }
    const hooks = all.flatMap((policy) => {
      const own = byPolicy.get(policy.metadata.name ?? '');
      return own === undefined ? [] : [{ policy, bindings: own }];
    });
    last = { policies: all, bindings: allBindings, hooks };
    return hooks;
  };
  return {
    hooks() {
      const [all, allBindings] = [followed.items(), bound.items()];
      if (all instanceof Promise || allBindings instanceof Promise) return Promise.all([all, allBindings]).then(([a, b]) => join(a, b));
      return join(all, allBindings);
    },
  };
}
