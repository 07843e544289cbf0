/** Whether the servers behind APIServices answer (kube-aggregator `status/remote`). */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import type { APIService, APIServiceCondition, EndpointSlice, Service } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { timestamp } from '#machinery/time.ts';
import { API_SERVICES } from '../apiservice-local/controller.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';

const SLICES = 'endpointslices.discovery.k8s.io';
const SERVICE_NAME = 'kubernetes.io/service-name';
const HTTPS_PORT = 443;
/** A server that answers is asked again this often, one that does not more often: only clusters that have such servers pay for it. */
const LOOK_AGAIN_S = 30;
const RETRY_S = 5;

export interface AvailabilityOptions {
  /** Asks the server for its group and version. @throws Error with why it does not answer */
  probe(object: APIService): Promise<void>;
}

type Finding = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message });

const isReady = ({ endpoints, ports }: EndpointSlice, port: string): boolean =>
  (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false) && (ports ?? []).some((one) => (one.name ?? '') === port && one.port !== undefined);

/** What can be told without asking the server. */
function before({ spec }: APIService, cache: ControllerContext['cache']): Finding | undefined {
  const { namespace = '', name = '', port = HTTPS_PORT } = spec!.service!;
  const at = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = cache.get<Service>('services', namespace, name);
  if (service === undefined) return no('ServiceNotFound', `${at} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (found === undefined) return no('ServicePortError', `${at} is not listening on port ${port}`);
  const slices = cache.list<EndpointSlice>(SLICES, namespace).filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === name);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${at}`);
  const portName = found.name ?? '';
  if (!slices.some((slice) => isReady(slice, portName))) return no('MissingEndpoints', `endpointslices for ${at} have no addresses with port name ${JSON.stringify(portName)}`);
  return undefined;
}

export function apiServiceAvailability({ probe }: AvailabilityOptions): Controller {
  async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
    const object = cache.get<APIService>(API_SERVICES, '', key);
    if (object?.spec?.service === undefined) return {};
    let finding = before(object, cache);
    if (finding === undefined) {
      try {
        await probe(object);
        finding = { status: 'True', reason: 'Passed', message: 'all checks passed' };
      } catch (error) {
        finding = no('FailedDiscoveryCheck', (error as Error).message);
      }
    }
    const again = { requeueAfterSeconds: finding.status === 'True' ? LOOK_AGAIN_S : RETRY_S };
    const conditions = object.status?.conditions ?? [];
    const old = conditions.find(({ type }) => type === 'Available');
    if (old !== undefined && old.status === finding.status && old.reason === finding.reason && old.message === finding.message) return again;
    const next: APIServiceCondition = {
      type: 'Available',
      ...finding,
      lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime! : timestamp(clock.now()),
    };
    try {
      await client.update(API_SERVICES, { ...object, status: { ...object.status, conditions: [...conditions.filter((one) => one !== old), next] } }, 'status');
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    return again;
  }

  const servedBy = (cache: ControllerContext['cache'], namespace: string, name: string): readonly Key[] =>
    cache
      .list<APIService>(API_SERVICES)
      .filter(({ spec }) => spec?.service?.namespace === namespace && spec.service.name === name)
      .map(nameOf);
  const changed = ({ old, now }: Mapped): KeyedObject => (now ?? old)! as KeyedObject;
  return {
    name: 'apiservice-status-remote',
    watches: [
      { resource: API_SERVICES },
      { resource: 'services', keys: (change, cache) => servedBy(cache, namespaceOf(changed(change)), nameOf(changed(change))) },
      { resource: SLICES, keys: (change, cache) => servedBy(cache, namespaceOf(changed(change)), changed(change).metadata.labels?.[SERVICE_NAME] ?? '') },
    ],
    reconcile,
  };
}

type KeyedObject = NonNullable<Mapped['now']>;
