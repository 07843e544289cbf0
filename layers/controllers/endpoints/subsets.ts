/** The subsets of Endpoints: addresses that share their ports stand together, in one order, so that equal content is equal text. */
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '#kinds/generated/types.ts';
import { hostnameOf, readyForService, targetPort } from '../shared/services.ts';

/** Endpoints objects hold no more addresses than this; EndpointSlices hold them all. */
export const CAPACITY = 1000;

const text = (port: EndpointPort): string => JSON.stringify([port.name ?? '', port.protocol ?? 'TCP', port.port, port.appProtocol ?? '']);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function addressOf(pod: Pod, service: Service, ip: string): EndpointAddress {
  const hostname = hostnameOf(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace!, name: pod.metadata.name!, uid: pod.metadata.uid! },
  };
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const found: EndpointPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(pod, port);
    if (number === undefined) continue;
    found.push({
      ...(port.name === undefined || port.name === '' ? {} : { name: port.name }),
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    });
  }
  return found;
}

/** A pod's address in the family that the service has first. */
function ipOf(pod: Pod, service: Service): string | undefined {
  const wantsV6 = service.spec?.ipFamilies?.[0] === 'IPv6';
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip ?? '') ?? [];
  return [pod.status?.podIP ?? '', ...addresses].find((ip) => ip !== '' && ip.includes(':') === wantsV6);
}

export interface Computed {
  readonly subsets: EndpointSubset[];
  readonly truncated: boolean;
}

export function subsetsOf(service: Service, pods: readonly Pod[]): Computed {
  type Group = { readonly ports: EndpointPort[]; readonly ready: EndpointAddress[]; readonly notReady: EndpointAddress[] };
  const groups = new Map<string, Group>();
  const headless = service.spec?.clusterIP === 'None' && (service.spec.ports ?? []).length === 0;
  const candidates = pods
    .flatMap((pod) => {
      const ip = ipOf(pod, service);
      return ip === undefined ? [] : [{ pod, ip, ready: readyForService(pod, service) }];
    })
    // when not all fit, those that can serve go in first
    .sort((a, b) => Number(b.ready) - Number(a.ready) || compare(a.ip, b.ip) || compare(a.pod.metadata.uid ?? '', b.pod.metadata.uid ?? ''));
  for (const { pod, ip, ready } of candidates.slice(0, CAPACITY)) {
    const ports = portsOf(pod, service).sort((a, b) => compare(text(a), text(b)));
    if (ports.length === 0 && !headless) continue;
    const key = ports.map(text).join();
    let group = groups.get(key);
    if (group === undefined) {
      group = { ports, ready: [], notReady: [] };
      groups.set(key, group);
    }
    (ready ? group.ready : group.notReady).push(addressOf(pod, service, ip));
  }
  const subsets = [...groups]
    .sort(([a], [b]) => compare(a, b))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length === 0 ? {} : { addresses: ready.sort((a, b) => compare(a.ip, b.ip)) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort((a, b) => compare(a.ip, b.ip)) }),
      ...(ports.length === 0 ? {} : { ports }),
    }));
  return { subsets, truncated: candidates.length > CAPACITY };
}
