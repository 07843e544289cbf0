/** Services and the pods behind them: what Endpoints and EndpointSlices both need. */
import type { Cache, Key, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Pod, Service, ServicePort } from '#kinds/generated/types.ts';
import { matches, selectorFromMap } from '#machinery/labels.ts';
import { cachedSelector } from '../replicas/set.ts';
import { namespaceOf, sameJson } from './keys.ts';
import { isReady, isTerminal } from './pods.ts';

/** When the last change that these endpoints reflect happened: the newest of the pods' and the service's. */
export const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';
export const HEADLESS = 'service.kubernetes.io/headless';
/** One version of a service's labels that must not be copied: it steers proxies of the service, not of its endpoints. */
const NOT_COPIED: ReadonlySet<string> = new Set([HEADLESS]);

const selectorOf = cachedSelector((service) => selectorFromMap((service as Service).spec?.selector));

export const hasSelector = (service: Service): boolean => service.spec?.selector !== undefined && Object.keys(service.spec.selector).length > 0;
export const selectsPod = (service: Service, pod: Pod): boolean => hasSelector(service) && matches(selectorOf(service), pod.metadata.labels);

/** The pods that a service may send to, those that are not ready included. */
export function podsOf(service: Service, cache: Cache, includeTerminating: boolean): Pod[] {
  return cache.list<Pod>('pods', namespaceOf(service)).filter((pod) => {
    if (isTerminal(pod) || (pod.status?.podIP ?? '') === '') return false;
    if (!includeTerminating && pod.metadata.deletionTimestamp !== undefined) return false;
    return selectsPod(service, pod);
  });
}

/** The number behind a service port in one pod; undefined where the pod has no port of that name. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  if (/^\d+$/.test(target)) return Number(target);
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { ports } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { name, protocol = 'TCP', containerPort } of ports ?? []) if (name === target && protocol === (port.protocol ?? 'TCP')) return containerPort;
  }
  return undefined;
}

/** The name that a pod asked for under a headless service. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname !== undefined && hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

export function copiedLabels(service: Service, extra: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  return { ...Object.fromEntries(own), ...extra, ...(service.spec?.clusterIP === 'None' ? { [HEADLESS]: '' } : {}) };
}

/** The newest moment at which a pod became what it is for its services, as text; undefined where none tells. */
export function lastChange(service: Service, pods: readonly Pod[]): string | undefined {
  let newest = service.metadata.creationTimestamp ?? undefined;
  for (const pod of pods) {
    const at = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
    if (typeof at === 'string' && (newest === undefined || at > newest)) newest = at;
  }
  return newest;
}

/** What of a pod can be seen through a service; a change of anything else is none of the services' business. */
const seenOf = ({ metadata, spec, status }: Pod) => [
  metadata.deletionTimestamp,
  metadata.labels,
  spec?.nodeName,
  spec?.hostname,
  spec?.subdomain,
  status?.podIPs ?? status?.podIP,
  status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  status?.phase === 'Succeeded' || status?.phase === 'Failed',
];

/** The services that a change of a pod concerns: those that select it as it was or as it is. */
export function servicesOfPod({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const [before, after] = [old as Pod | undefined, now as Pod | undefined];
  if (before !== undefined && after !== undefined && sameJson(seenOf(before), seenOf(after))) return [];
  // without an address it never was, and is not, an endpoint
  if ((before?.status?.podIP ?? '') === '' && (after?.status?.podIP ?? '') === '') return [];
  const found: Key[] = [];
  for (const service of cache.list<Service>('services', namespaceOf((now ?? old)!))) {
    if ((before !== undefined && selectsPod(service, before)) || (after !== undefined && selectsPod(service, after))) found.push(keyOf(service));
  }
  return found;
}

export const readyForService = (pod: Pod, service: Service): boolean => service.spec?.publishNotReadyAddresses === true || isReady(pod);
