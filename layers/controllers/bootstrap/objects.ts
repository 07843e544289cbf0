/** The objects that every cluster has from its first moment (kubernetes.md 3.10). */
import type { KubeObject } from '#machinery/object.ts';

export interface BootstrapOptions {
  /** Where nodes and pods reach the API server. */
  readonly apiAddress: string;
  readonly apiPort: number;
  /** The range of cluster IPs, such as 10.96.0.0/12. Its first address is the Service `kubernetes`. */
  readonly serviceCidr: string;
  /** PEM: who signs client certificates; published for aggregated API servers. */
  readonly clientCa?: string;
  /** The same for the certificates of the front proxy. */
  readonly requestHeaderCa?: string;
}

export interface BootstrapObject {
  readonly resource: string;
  readonly object: KubeObject;
  /** Put right when it differs; others are only made when they are missing, since users may change them. */
  readonly enforce?: true;
}

const meta = (name: string, namespace?: string) => ({ name, ...(namespace === undefined ? {} : { namespace }) });

export const namespaces: readonly BootstrapObject[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
  resource: 'namespaces',
  object: { apiVersion: 'v1', kind: 'Namespace', metadata: meta(name) },
}));

const priorityClasses: readonly BootstrapObject[] = [
  ['system-cluster-critical', 2_000_000_000, 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'],
  ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
].map(([name, value, description]) => ({
  resource: 'priorityclasses.scheduling.k8s.io',
  object: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: meta(String(name)), value, description, globalDefault: false },
}));

/** The first address after the network's own. */
export function firstAddress(cidr: string): string {
  const [address = ''] = cidr.split('/');
  if (address.includes(':')) return address.endsWith('::') ? `${address}1` : address.replace(/[^:]+$/, (last) => (Number.parseInt(last, 16) + 1).toString(16));
  const parts = address.split('.').map(Number);
  const number = parts.reduce((sum, part) => sum * 256 + part, 0) + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function apiService({ apiAddress, apiPort, serviceCidr }: BootstrapOptions): BootstrapObject[] {
  const clusterIP = firstAddress(serviceCidr);
  const family = clusterIP.includes(':') ? 'IPv6' : 'IPv4';
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const port = { name: 'https', port: apiPort, protocol: 'TCP' };
  return [
    {
      resource: 'services',
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { ...meta('kubernetes', 'default'), labels },
        spec: {
          type: 'ClusterIP',
          clusterIP,
          clusterIPs: [clusterIP],
          ipFamilies: [family],
          ipFamilyPolicy: 'SingleStack',
          sessionAffinity: 'None',
          ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiPort }],
        },
      },
    },
    {
      resource: 'endpoints',
      enforce: true,
      object: {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { ...meta('kubernetes', 'default'), labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: [{ addresses: [{ ip: apiAddress }], ports: [port] }],
      },
    },
    {
      resource: 'endpointslices.discovery.k8s.io',
      enforce: true,
      object: {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...meta('kubernetes', 'default'), labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: apiAddress.includes(':') ? 'IPv6' : 'IPv4',
        endpoints: [{ addresses: [apiAddress], conditions: { ready: true } }],
        ports: [port],
      },
    },
  ];
}

function authentication({ clientCa, requestHeaderCa }: BootstrapOptions): BootstrapObject {
  return {
    resource: 'configmaps',
    enforce: true,
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta('extension-apiserver-authentication', 'kube-system'),
      data: {
        ...(clientCa === undefined ? {} : { 'client-ca-file': clientCa }),
        ...(requestHeaderCa === undefined
          ? {}
          : {
              'requestheader-client-ca-file': requestHeaderCa,
              'requestheader-allowed-names': '["front-proxy-client"]',
              'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
              'requestheader-group-headers': '["X-Remote-Group"]',
              'requestheader-uid-headers': '["X-Remote-Uid"]',
              'requestheader-username-headers': '["X-Remote-User"]',
            }),
      },
    },
  };
}

export function bootstrapObjects(options: BootstrapOptions, flowControl: readonly BootstrapObject[]): readonly BootstrapObject[] {
  return [
    ...namespaces,
    ...priorityClasses,
    {
      resource: 'servicecidrs.networking.k8s.io',
      object: { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: meta('kubernetes'), spec: { cidrs: [options.serviceCidr] } },
    },
    ...apiService(options),
    authentication(options),
    ...flowControl,
  ];
}
