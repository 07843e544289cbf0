/**
 * Keeps the `used` of quotas right. Admission raises it before an object is written, so for a moment `used` is rightly above what is
 * there: a recount may raise it at once, and lowers it only after the quota was left alone for a while.
 */
import type { Resource } from '#control/client.ts';
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { ResourceQuota } from '#kinds/generated/types.ts';
import { usageOf } from '#kinds/quota/usage.ts';
import { compare, parseQuantity } from '#machinery/quantity.ts';
import { namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { recount } from './recount.ts';

/** Longer than a request takes from its charge to its commit. */
const QUIET_MS = 250;
/** For what no change told of; Kubernetes' --resource-quota-sync-period. */
const RESYNC_S = 300;

export function resourceQuotaController(): Controller {
  /** Since when each quota is at its version, as far as we saw. Losing it delays a lowering by the quiet time. */
  const quiet = new Map<Key, { readonly version: string; readonly since: number }>();

  async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
    const { namespace, name } = splitKey(key);
    const quota = cache.get<ResourceQuota>('resourcequotas', namespace, name);
    if (quota === undefined) {
      quiet.delete(key);
      return {};
    }
    const now = clock.now();
    const hard = quota.spec?.hard ?? {};
    const counted = recount(quota, cache);
    const known = quota.status?.used ?? {};
    if (sameJson(quota.status?.hard ?? {}, hard) && Object.keys(counted).every((limit) => known[limit] !== undefined && same(known[limit], counted[limit]!))) {
      quiet.delete(key);
      return { requeueAfterSeconds: RESYNC_S };
    }
    const lowers = Object.entries(counted).some(([limit, value]) => known[limit] !== undefined && compare(parseQuantity(value), parseQuantity(known[limit])) < 0);
    const version = quota.metadata.resourceVersion ?? '';
    let since = quiet.get(key);
    if (since?.version !== version) quiet.set(key, (since = { version, since: now }));
    const left = since.since + QUIET_MS - now;
    if (lowers && left > 0) return { requeueAfterSeconds: left / 1000 };
    await client.update('resourcequotas', { ...quota, status: { hard, used: counted } }, 'status');
    return { requeueAfterSeconds: RESYNC_S };
  }

  /** Quotas of the namespace whose sums an object's coming, going or changing may move. */
  function keys({ old, now }: Mapped, cache: ControllerContext['cache'], resource: Resource): readonly Key[] {
    const namespace = namespaceOf((now ?? old)!);
    if (namespace === '') return [];
    const quotas = cache.list('resourcequotas', namespace);
    if (quotas.length === 0) return [];
    // metadata alone counts the same as long as it is there
    if (old !== undefined && now !== undefined && sameUsage(resource, old, now)) return [];
    return quotas.map(keyOf);
  }

  return {
    name: 'resourcequota-controller',
    watches: [{ resource: 'resourcequotas' }],
    reads: ['pods', 'services', 'persistentvolumeclaims'],
    watchesAll: { keys },
    reconcile,
  };
}

const same = (a: string, b: string): boolean => a === b || compare(parseQuantity(a), parseQuantity(b)) === 0;

function sameUsage(resource: Resource, old: NonNullable<Mapped['old']>, now: NonNullable<Mapped['now']>): boolean {
  if (resource !== 'pods' && resource !== 'services' && resource !== 'persistentvolumeclaims') return true;
  const [before, after] = [usageOf(resource, old), usageOf(resource, now)];
  const names = Object.keys(after);
  return names.length === Object.keys(before).length && names.every((name) => before[name] !== undefined && compare(before[name], after[name]!) === 0);
}
