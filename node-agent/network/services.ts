/** Services and EndpointSlices as the proxy and the DNS responder read them, and where they come from. */
import type { KubeObject } from '#machinery/object.ts';
import type { ObjectCache } from '../api/cache.ts';

export interface ServicePort {
  readonly name?: string;
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly nodePort?: number;
}

export interface Service extends KubeObject {
  spec: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly externalName?: string;
    readonly ports?: readonly ServicePort[];
    readonly sessionAffinity?: 'None' | 'ClientIP';
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
    readonly internalTrafficPolicy?: 'Cluster' | 'Local';
    readonly externalTrafficPolicy?: 'Cluster' | 'Local';
    readonly loadBalancerSourceRanges?: readonly string[];
    readonly healthCheckNodePort?: number;
    readonly publishNotReadyAddresses?: boolean;
  };
  status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string; readonly ipMode?: 'VIP' | 'Proxy' }[] } };
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly hints?: { readonly forZones?: readonly { readonly name: string }[]; readonly forNodes?: readonly { readonly name: string }[] };
}

export interface EndpointSlice extends KubeObject {
  addressType: 'IPv4' | 'IPv6' | 'FQDN';
  endpoints?: readonly Endpoint[];
  ports?: readonly { readonly name?: string; readonly protocol?: 'TCP' | 'UDP' | 'SCTP'; readonly port?: number }[];
}

const SERVICE_NAME = 'kubernetes.io/service-name';

/** A whole and current picture, told of whenever anything in it changed. */
export interface ServiceSource {
  services(): readonly Service[];
  slices(): readonly EndpointSlice[];
  /** The answer ends it. */
  subscribe(changed: () => void): () => void;
  /** Resolves once both are complete: before, what is missing may only be late. */
  readonly synced: Promise<void>;
}

export function serviceSource(services: ObjectCache, slices: ObjectCache): ServiceSource {
  return {
    services: () => services.list() as readonly Service[],
    slices: () => slices.list() as readonly EndpointSlice[],
    synced: Promise.all([services.synced, slices.synced]).then(() => undefined),
    subscribe(changed) {
      const listener = { changed: () => changed() };
      const ends = [services.listen(listener), slices.listen(listener)];
      return () => ends.forEach((end) => end());
    },
  };
}

export const serviceKey = (namespace: string, name: string): string => `${namespace}/${name}`;

export const keyOf = (object: KubeObject): string => serviceKey(object.metadata.namespace ?? '', object.metadata.name ?? '');

/** IPv4 slices by the `namespace/name` of their service. */
export function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME];
    if (name === undefined || slice.addressType !== 'IPv4') continue;
    const key = serviceKey(slice.metadata.namespace ?? '', name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [slice]);
    else group.push(slice);
  }
  return groups;
}
