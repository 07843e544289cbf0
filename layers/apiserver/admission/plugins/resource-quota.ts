/**
 * ResourceQuota: refuses what would go over a namespace's quotas. The usage is raised in the quota's status before the object is written, by
 * a conditional write, so that no two requests spend the same rest; a request that fails after that is put right by the quota
 * controller's recount. Requests that arrive together share one write per quota.
 */
import type { ResourceQuota } from '#kinds/generated/types.ts';
import { quotaMatches, type Usage, usageOf } from '#kinds/quota/usage.ts';
import type { KubeObject } from '#machinery/object.ts';
import { add, compare, formatQuantity, parseQuantity, type Quantity, subtract, ZERO } from '#machinery/quantity.ts';
import { forbiddenRequest, internalError } from '#machinery/status.ts';
import { StoreConflict } from '#store/errors.ts';
import type { Store, StoredObject } from '#store/port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../port.ts';
import { parseBody } from '../read.ts';

/** Conditional writes of a quota are tried this often: another API server, or the recount, may write in between. */
const TRIES = 10;
const RESOURCE = 'resourcequotas';

interface Waiting {
  readonly attributes: AdmissionAttributes;
  readonly storage: string;
  settle(error?: unknown): void;
}

/** Only what goes up is charged: an update that shrinks is the recount's to notice. */
function delta(storage: string, object: KubeObject, old: KubeObject | undefined): Usage {
  const now = usageOf(storage, object);
  if (old === undefined) return now;
  const before = usageOf(storage, old);
  return Object.fromEntries(
    Object.entries(now)
      .map(([name, quantity]) => [name, subtract(quantity, before[name] ?? ZERO)] as const)
      .filter(([, quantity]) => quantity.nano > 0n),
  );
}

const list = (entries: readonly (readonly [string, Quantity])[]): string => entries.map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`).join(',');

/** Adds the request to the quota's usage, or says why it may not. */
function charge(quota: ResourceQuota, used: Record<string, Quantity>, request: Usage): string | undefined {
  const hard = quota.status?.hard ?? quota.spec?.hard ?? {};
  const over: [string, Quantity][] = [];
  for (const [name, quantity] of Object.entries(request)) {
    if (hard[name] === undefined || quantity.nano <= 0n) continue;
    if (compare(add(used[name] ?? ZERO, quantity), parseQuantity(hard[name])) > 0) over.push([name, quantity]);
  }
  if (over.length > 0) {
    over.sort(([a], [b]) => (a < b ? -1 : 1));
    return `exceeded quota: ${quota.metadata.name}, requested: ${list(over)}, used: ${list(over.map(([name]) => [name, used[name] ?? ZERO]))}, limited: ${over.map(([name]) => `${name}=${hard[name]}`).join(',')}`;
  }
  for (const [name, quantity] of Object.entries(request)) if (hard[name] !== undefined) used[name] = add(used[name] ?? ZERO, quantity);
  return undefined;
}

const COMPUTE = /^(cpu|memory|requests\.(cpu|memory)|limits\.(cpu|memory))$/;

/** A quota on computing resources wants every pod to say what it needs. */
function unstated(quota: ResourceQuota, storage: string, request: Usage): string | undefined {
  if (storage !== 'pods') return undefined;
  const missing = Object.keys(quota.spec?.hard ?? {}).filter((name) => COMPUTE.test(name) && request[name] === undefined);
  return missing.length === 0 ? undefined : `failed quota: ${quota.metadata.name}: must specify ${missing.toSorted().join(',')}`;
}

export function resourceQuota(): AdmissionPlugin {
  const queues = new Map<string, { waiting: Waiting[]; running: boolean }>();

  async function settleBatch(store: Store, namespace: string, batch: readonly Waiting[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      const page = await store.list({ resource: RESOURCE, namespace, version: 'latest' });
      const quotas = page.items.map((stored: StoredObject) => {
        const quota = parseBody<ResourceQuota>(stored);
        return {
          stored,
          quota,
          used: Object.fromEntries(Object.entries(quota.status?.used ?? {}).map(([name, text]) => [name, parseQuantity(text)])) as Record<string, Quantity>,
          changed: false,
        };
      });
      const outcome = new Map<Waiting, string | undefined>();
      for (const one of batch) {
        const { object, oldObject, operation } = one.attributes;
        const request = delta(one.storage, object!, operation === 'UPDATE' ? oldObject : undefined);
        let refusal: string | undefined;
        const undo = quotas.map(({ used }) => ({ ...used }));
        for (const entry of quotas) {
          if (refusal !== undefined || !quotaMatches(entry.quota, one.storage, object!)) continue;
          refusal = (operation === 'CREATE' ? unstated(entry.quota, one.storage, request) : undefined) ?? charge(entry.quota, entry.used, request);
        }
        outcome.set(one, refusal);
        // a refused request, and one that is only tried, spends nothing
        if (refusal !== undefined || one.attributes.dryRun) quotas.forEach((entry, index) => (entry.used = undo[index]!));
        else {
          quotas.forEach((entry, index) => {
            if (Object.entries(entry.used).some(([name, quantity]) => compare(quantity, undo[index]![name] ?? ZERO) !== 0)) entry.changed = true;
          });
        }
      }
      const writes = quotas
        .filter(({ changed }) => changed)
        .map(({ stored, quota, used }) => {
          const status = {
            ...quota.status,
            hard: quota.status?.hard ?? quota.spec?.hard ?? {},
            used: { ...quota.status?.used, ...Object.fromEntries(Object.entries(used).map(([name, quantity]) => [name, formatQuantity(quantity)])) },
          };
          return {
            type: 'put' as const,
            key: stored.key,
            if: { rv: stored.rv },
            uid: stored.uid,
            labels: stored.labels,
            fields: stored.fields,
            body: (rv: number) => Buffer.from(JSON.stringify({ ...quota, metadata: { ...quota.metadata, resourceVersion: String(rv) }, status })),
          };
        });
      try {
        if (writes.length > 0) await store.commit(writes, { user: 'system:apiserver' });
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        if (tries + 1 >= TRIES) throw internalError('the quota changes too fast to be charged, try again', error);
        continue;
      }
      for (const [one, refusal] of outcome)
        one.settle(refusal === undefined ? undefined : forbiddenRequest({ group: one.attributes.group, resource: one.attributes.resource }, one.attributes.name, refusal));
      return;
    }
  }

  async function drain(store: Store, namespace: string, queue: { waiting: Waiting[]; running: boolean }): Promise<void> {
    queue.running = true;
    while (queue.waiting.length > 0) {
      const batch = queue.waiting.splice(0);
      try {
        await settleBatch(store, namespace, batch);
      } catch (error) {
        for (const one of batch) one.settle(error);
      }
    }
    queues.delete(namespace);
  }

  return {
    name: 'ResourceQuota',
    handles: ({ operation, namespace, subresource, resource, group, kind }) =>
      namespace !== '' &&
      kind !== undefined &&
      subresource === '' &&
      // events would be their own denial of service
      resource !== 'events' &&
      (operation === 'CREATE' || (operation === 'UPDATE' && group === '' && (resource === 'services' || resource === 'persistentvolumeclaims' || resource === 'pods'))),
    async validate(attributes, { store }) {
      const { namespace } = attributes;
      if ((await store.count(RESOURCE, namespace)) === 0) return;
      await new Promise<void>((resolve, reject) => {
        let queue = queues.get(namespace);
        if (queue === undefined) queues.set(namespace, (queue = { waiting: [], running: false }));
        queue.waiting.push({ attributes, storage: attributes.kind!.storage, settle: (error) => (error === undefined ? resolve() : reject(error as Error)) });
        if (!queue.running) void drain(store, namespace, queue);
      });
    },
  };
}
