/** What a namespace uses of what a quota limits, counted anew over its objects. */
import type { Cache } from '#control/controller.ts';
import type { ResourceQuota } from '#kinds/generated/types.ts';
import { quotaMatches, usageOf } from '#kinds/quota/usage.ts';
import { add, formatQuantity, type Quantity, ZERO } from '#machinery/quantity.ts';

/** The resource whose objects a limit counts. */
function resourceOf(limit: string): string {
  if (limit.startsWith('count/')) return limit.slice('count/'.length);
  if (limit === 'services' || limit.startsWith('services.')) return 'services';
  if (
    limit === 'persistentvolumeclaims' ||
    limit === 'requests.storage' ||
    limit.includes('.storageclass.storage.k8s.io/') ||
    limit.includes('.volumeattributesclass.storage.k8s.io/')
  )
    return 'persistentvolumeclaims';
  if (limit === 'configmaps' || limit === 'secrets' || limit === 'replicationcontrollers' || limit === 'resourcequotas') return limit;
  return 'pods';
}

export function recount(quota: ResourceQuota, cache: Cache): Record<string, string> {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const used: Record<string, Quantity> = {};
  for (const resource of new Set(hard.map(resourceOf))) {
    for (const object of cache.list(resource, quota.metadata.namespace)) {
      if (!quotaMatches(quota, resource, object)) continue;
      for (const [name, quantity] of Object.entries(usageOf(resource, object))) used[name] = add(used[name] ?? ZERO, quantity);
    }
  }
  return Object.fromEntries(hard.map((limit) => [limit, formatQuantity(used[limit] ?? ZERO)]));
}
