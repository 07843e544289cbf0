/** The end of a namespace: its content goes in order, then its finalizer `kubernetes`. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { Namespace } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { isNotFound } from '#machinery/status.ts';
import { namespaceOf, sameJson } from '../shared/keys.ts';
import { terminatingConditions } from './conditions.ts';
import { emptyNamespace } from './content.ts';

const FINALIZER = 'kubernetes';
/** Objects that leave wake the namespace; this only catches what is not followed (events), and failures. */
const LOOK_AGAIN_S = 5;

export function namespaceController({ registry }: { readonly registry: KindRegistry }): Controller {
  async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
    if (cache.get<Namespace>('namespaces', '', key)?.metadata.deletionTimestamp === undefined) return {};
    let namespace: Namespace;
    try {
      // as it is now: emptying a namespace on a stale order would be hard to take back
      namespace = await client.get<Namespace>('namespaces', '', key);
    } catch (error) {
      if (isNotFound(error)) return {};
      throw error;
    }
    if (namespace.metadata.deletionTimestamp === undefined || namespace.spec?.finalizers?.includes(FINALIZER) !== true) return {};
    if (namespace.status?.phase !== 'Terminating') namespace = await client.update('namespaces', { ...namespace, status: { ...namespace.status, phase: 'Terminating' } }, 'status');

    // kinds that were defined a moment ago have objects, too
    await registry.refresh?.();
    const remaining = await emptyNamespace(client, registry, key);
    if (remaining.instances.size > 0 || remaining.failures.length > 0) {
      const conditions = terminatingConditions(namespace.status?.conditions, remaining, clock.now());
      if (!sameJson(conditions, namespace.status?.conditions)) await client.update('namespaces', { ...namespace, status: { ...namespace.status, conditions } }, 'status');
      return { requeueAfterSeconds: LOOK_AGAIN_S };
    }
    await client.update('namespaces', { ...namespace, spec: { ...namespace.spec, finalizers: (namespace.spec?.finalizers ?? []).filter((one) => one !== FINALIZER) } }, 'finalize');
    return {};
  }

  return {
    name: 'namespace-controller',
    watches: [{ resource: 'namespaces' }],
    watchesAll: {
      /** An object that left a namespace on its way out may have been the last of its kind. */
      keys({ old, now }, cache) {
        if (now !== undefined || old === undefined) return [];
        const namespace = namespaceOf(old);
        return namespace !== '' && cache.get('namespaces', '', namespace)?.metadata.deletionTimestamp !== undefined ? [namespace] : [];
      },
    },
    reconcile,
  };
}
