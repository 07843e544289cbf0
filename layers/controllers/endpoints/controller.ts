/** Endpoints of services with a selector: who can be reached, who is there but not ready. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { ownKey } from '#control/dispatcher.ts';
import type { Endpoints, Service } from '#kinds/generated/types.ts';
import { isAlreadyExists, isForbidden, isNotFound } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { sameJson, splitKey } from '../shared/keys.ts';
import { copiedLabels, hasSelector, LAST_CHANGE, lastChange, podsOf, servicesOfPod } from '../shared/services.ts';
import { subsetsOf } from './subsets.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

async function reconcile(key: Key, { cache, client, event }: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const service = cache.get<Service>('services', namespace, name);
  const current = cache.get<Endpoints>('endpoints', namespace, name);
  if (service === undefined) {
    // endpoints without a service are a user's, or lost their service
    if (current?.metadata.labels?.[MANAGED_BY] !== undefined)
      await client.delete('endpoints', namespace, name, { preconditions: { uid: current.metadata.uid! } }).catch(unlessGone);
    return {};
  }
  if (!hasSelector(service) || service.spec?.type === 'ExternalName') return {};
  const pods = podsOf(service, cache, service.spec?.publishNotReadyAddresses === true);
  const { subsets, truncated } = subsetsOf(service, pods);
  const labels = copiedLabels(service, { [MANAGED_BY]: 'endpoint-controller' });
  if (
    current !== undefined &&
    sameJson(current.subsets ?? [], subsets) &&
    sameJson(current.metadata.labels ?? {}, labels) &&
    (current.metadata.annotations?.[OVER_CAPACITY] !== undefined) === truncated
  ) {
    return {};
  }
  const changed = lastChange(service, pods);
  const annotations = { ...current?.metadata.annotations };
  delete annotations[OVER_CAPACITY];
  if (changed !== undefined) annotations[LAST_CHANGE] = changed;
  if (truncated) annotations[OVER_CAPACITY] = 'truncated';
  const metadata = { ...current?.metadata, name, namespace, labels, annotations };
  const next: Endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata, ...(subsets.length === 0 ? {} : { subsets }) };
  try {
    if (current === undefined) await client.create('endpoints', next);
    else await client.update('endpoints', next);
  } catch (error) {
    if (isNamespaceTerminating(error)) return {};
    if (current === undefined && isForbidden(error)) event(service, 'Warning', 'FailedToCreateEndpoint', `Failed to create endpoint for service ${key}: ${error.message}`);
    else if (current !== undefined && isForbidden(error)) event(current, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${error.message}`);
    // made by someone else while the cache did not show it: its change brings the key back
    if (isAlreadyExists(error) || isNotFound(error)) return { requeueAfterSeconds: 1 };
    throw error;
  }
  return {};
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

export function endpointsController(): Controller {
  return {
    name: 'endpoint-controller',
    watches: [{ resource: 'services' }, { resource: 'pods', keys: servicesOfPod }, { resource: 'endpoints', keys: ownKey }],
    reconcile,
  };
}
