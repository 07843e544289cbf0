/** An APIService for every group and version that is served here, definitions' among them (kube-aggregator `autoregister`, `crdregistration`). */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { groupPriority, isBuiltInGroup, versionPriority } from '#kinds/apiregistration/priorities.ts';
import type { APIService } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery/status.ts';
import { nameOf, sameJson } from '../shared/keys.ts';

export const API_SERVICES = 'apiservices.apiregistration.k8s.io';
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';
/** The one key: all are looked at together. */
const ALL: Key = 'local';

function wantedServices(registry: KindRegistry): ReadonlyMap<string, APIService> {
  const found = new Map<string, APIService>();
  for (const { group, version } of [...registry.kinds(), ...registry.virtuals()]) {
    // the aggregator does not list itself
    if (group === 'apiregistration.k8s.io') continue;
    const name = `${version}.${group}`;
    if (found.has(name)) continue;
    found.set(name, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name, labels: { [MANAGED]: isBuiltInGroup(group) ? 'onstart' : 'true' } },
      spec: { ...(group === '' ? {} : { group }), version, groupPriorityMinimum: groupPriority(group), versionPriority: versionPriority(group, version) },
    });
  }
  return found;
}

export function localApiServices({ registry }: { readonly registry: KindRegistry }): Controller {
  async function reconcile(_: Key, { cache, client }: ControllerContext): Promise<Result> {
    await registry.refresh?.();
    const wanted = wantedServices(registry);
    const there = new Map(cache.list<APIService>(API_SERVICES).map((object) => [nameOf(object), object]));
    for (const [name, object] of wanted) {
      const current = there.get(name);
      try {
        if (current === undefined) await client.create(API_SERVICES, object);
        // whose label is gone is somebody else's
        else if (current.metadata.labels?.[MANAGED] === 'true' && !sameJson(current.spec, object.spec)) await client.update(API_SERVICES, { ...current, spec: object.spec! });
      } catch (error) {
        if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    for (const [name, { metadata }] of there) {
      if (metadata.labels?.[MANAGED] !== 'true' || wanted.has(name)) continue;
      try {
        await client.delete(API_SERVICES, '', name, metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    return {};
  }

  return {
    name: 'apiservice-registration',
    watches: [
      { resource: API_SERVICES, keys: () => [ALL] },
      { resource: DEFINITIONS, keep: 'metadata', keys: () => [ALL] },
      // the first sight of a namespace that is always there is the start
      { resource: 'namespaces', keys: ({ old, now }) => (old === undefined && now !== undefined && nameOf(now) === 'kube-system' ? [ALL] : []) },
    ],
    concurrency: 1,
    reconcile,
  };
}
