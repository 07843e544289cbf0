/**
 * ResourceQuota: refuses what would go over a namespace's quotas. The usage is raised in the quota's status before the object is written, by
 * a conditional write, so that no two requests spend the same rest; a request that fails after that is put right by the quota
 * controller's recount. Requests that arrive together share one write per quota.
 */
import type { Container, Pod, ResourceQuota } from '#kinds/generated/types.ts';
import { quotaMatches, type Usage, usageOf } from '#kinds/quota/usage.ts';
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
const rise = (now: Usage, before: Usage): Usage =>
  Object.fromEntries(
    Object.entries(now)
      .map(([name, quantity]) => [name, subtract(quantity, before[name] ?? ZERO)] as const)
      .filter(([, quantity]) => quantity.nano > 0n),
  );

const limitsOf = ({ status, spec }: ResourceQuota): Readonly<Record<string, string>> => status?.hard ?? spec?.hard ?? {};

const list = (entries: readonly (readonly [string, Quantity])[]): string => entries.map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`).join(',');

/** Adds the request to the quota's usage, or says why it may not. */
function charge(quota: ResourceQuota, used: Record<string, Quantity>, request: Usage): string | undefined {
  const hard = limitsOf(quota);
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

const COMPUTE = /^(requests\.)?(cpu|memory)$|^limits\.(cpu|memory)$/;

function states(resources: Container['resources'], name: string): boolean {
  const [, part, what] = /^(?:(requests|limits)\.)?(.*)$/.exec(name)!;
  return (part === 'limits' ? resources?.limits : resources?.requests)?.[what!] !== undefined;
}

/** A quota on computing resources wants every container to say what it needs, unless the pod says it for them. */
function unstated(quota: ResourceQuota, { spec }: Pod): string | undefined {
  const missing: string[] = [];
  for (const name of Object.keys(limitsOf(quota)).sort()) {
    if (!COMPUTE.test(name) || states(spec?.resources, name)) continue;
    const without = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].filter(({ resources }) => !states(resources, name));
    if (without.length > 0) missing.push(`${name} for: ${[...new Set(without.map((container) => container.name))].sort().join(',')}`);
  }
  return missing.length === 0 ? undefined : `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`;
}

/** Nothing is charged to what nobody has counted yet. */
function uncounted({ metadata, status }: ResourceQuota, request: Usage): string | undefined {
  const names = Object.keys(status?.hard ?? {}).filter((name) => request[name] !== undefined);
  return names.every((name) => status?.used?.[name] !== undefined) ? undefined : `status unknown for quota: ${metadata.name}, resources: ${names.sort().join(',')}`;
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
        const now = usageOf(one.storage, object!);
        const before = operation === 'UPDATE' && oldObject !== undefined ? usageOf(one.storage, oldObject) : undefined;
        let refusal: string | undefined;
        const undo = quotas.map(({ used }) => ({ ...used }));
        for (const entry of quotas) {
          if (refusal !== undefined || !quotaMatches(entry.quota, one.storage, object!)) continue;
          // an update that brings the object under this quota counts in full
          const request = before !== undefined && quotaMatches(entry.quota, one.storage, oldObject!) ? rise(now, before) : now;
          refusal = (one.storage === 'pods' ? unstated(entry.quota, object as Pod) : undefined) ?? uncounted(entry.quota, now) ?? charge(entry.quota, entry.used, request);
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
            hard: limitsOf(quota),
            used: {
              ...(quota.status?.hard === undefined ? Object.fromEntries(Object.keys(limitsOf(quota)).map((name) => [name, '0'])) : {}),
              ...quota.status?.used,
              ...Object.fromEntries(Object.entries(used).map(([name, quantity]) => [name, formatQuantity(quantity)])),
            },
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
      // events would be their own denial of service
      resource !== 'events' &&
      ((operation === 'CREATE' && subresource === '') ||
        (operation === 'UPDATE' &&
          group === '' &&
          (resource === 'pods' ? subresource === 'resize' : subresource === '' && (resource === 'services' || resource === 'persistentvolumeclaims')))),
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
