/** The configuration files of the programs of a local cluster. */
import { join } from 'node:path';
import type { AccessOptions } from './access/options.ts';
import type { Pki } from './pki/pki.ts';
import { API_SERVICE_IP, CLUSTER_DOMAIN, type ClusterFiles, type ClusterState, DNS_SERVICE_IP, type LocalNode, SERVICE_CIDR, type Part } from './cluster.ts';

export const SIMULATED_AGENT = 'simulated';
export const simulatedNames = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `simulated-${index + 1}`);
const KUBELET_PORT = 10250;
/** Simulated nodes share this machine's address: one port for all of them. */
const NODE_PORTS = [30000, 32767] as const;
/** A lost node's pods move after this, not after Kubernetes' five minutes: small clusters have nobody who waits. */
export const TOLERATION_SECONDS = 20;

export interface ControlPlaneConfig {
  readonly cluster: string;
  readonly storeDirectory: string;
  /** Where the cluster keeps the volumes that it makes. */
  readonly volumesDirectory: string;
  readonly listen: readonly string[];
  readonly port: number;
  readonly apiAddress: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly apiServiceIP: string;
  readonly dnsServiceIP: string;
  readonly nodePorts: readonly [number, number];
  readonly defaultTolerationSeconds: number;
  /** Parts left to other programs. */
  readonly without: readonly Part[];
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly access?: AccessOptions;
  /** Where audit events go, unless an option says otherwise. */
  readonly auditLog: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
  /** How the API server shows itself to the nodes' agents. */
  readonly kubeletClient: { readonly certFile: string; readonly keyFile: string };
  /** How it shows itself to the servers behind APIServices. */
  readonly frontProxy: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
}

export async function controlPlaneConfig(
  files: ClusterFiles,
  state: ClusterState,
  pki: Pki,
  network: { readonly apiAddress: string; readonly listen: readonly string[] },
): Promise<ControlPlaneConfig> {
  const serving = await pki.leaf({
    file: 'apiserver',
    commonName: 'kube-apiserver',
    usage: 'server',
    dnsNames: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${CLUSTER_DOMAIN}`, 'localhost'],
    addresses: [...new Set([...network.listen, network.apiAddress, API_SERVICE_IP])],
  });
  const kubeletClient = await pki.leaf({ file: 'apiserver-kubelet-client', commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usage: 'client' });
  return {
    cluster: state.name,
    storeDirectory: files.store,
    volumesDirectory: files.volumes,
    listen: network.listen,
    port: state.port,
    apiAddress: network.apiAddress,
    podCIDR: state.podCIDR,
    serviceCIDR: SERVICE_CIDR,
    apiServiceIP: API_SERVICE_IP,
    dnsServiceIP: DNS_SERVICE_IP,
    nodePorts: NODE_PORTS,
    defaultTolerationSeconds: TOLERATION_SECONDS,
    without: state.without ?? [],
    caFile: pki.caFile,
    caKeyFile: pki.caKeyFile,
    serviceAccountKeyFile: pki.serviceAccountKeyFile,
    ...(state.access === undefined ? {} : { access: state.access }),
    auditLog: join(files.logs, 'audit.log'),
    serving,
    kubeletClient,
    frontProxy: await pki.frontProxy(),
  };
}

type AgentTarget = { readonly node: LocalNode; readonly containerId: string; readonly apiAddress: string } | { readonly simulated: number; readonly apiAddress: string };

export async function agentConfig(files: ClusterFiles, state: ClusterState, pki: Pki, target: AgentTarget): Promise<object> {
  const simulated = 'simulated' in target;
  const name = simulated ? SIMULATED_AGENT : target.node.name;
  const address = simulated ? '127.0.0.1' : target.node.ip;
  // a process of many nodes speaks for them all: one identity of the nodes' group would be bound to one node
  const client = await pki.leaf(
    simulated
      ? { file: 'agent-simulated', commonName: 'paperplane:simulated-nodes', organizations: ['system:masters'], usage: 'client' }
      : { file: `agent-${name}`, commonName: `system:node:${name}`, organizations: ['system:nodes'], usage: 'client' },
  );
  const serving = await pki.leaf({
    file: `kubelet-${name}`,
    commonName: `system:node:${name}`,
    organizations: ['system:nodes'],
    usage: 'server',
    dnsNames: [name],
    addresses: [address],
  });
  return {
    nodeName: name,
    clusterName: state.name,
    server: `https://${simulated ? '127.0.0.1' : target.apiAddress}:${state.port}`,
    caFile: pki.caFile,
    credential: { certFile: client.certFile, keyFile: client.keyFile },
    stateDir: files.agent(name).stateDir,
    nodeIP: address,
    clusterDNS: DNS_SERVICE_IP,
    clusterDomain: CLUSTER_DOMAIN,
    clusterCIDR: state.podCIDR,
    serviceCIDR: SERVICE_CIDR,
    kubelet: { address, port: simulated ? 0 : KUBELET_PORT, certFile: serving.certFile, keyFile: serving.keyFile, clientCAFile: pki.caFile },
    ...(simulated
      ? { runtime: 'simulated', simulated: { count: target.simulated, namePrefix: 'simulated-' } }
      : {
          runtime: 'docker',
          ...(state.dockerSocket === undefined ? {} : { dockerSocket: state.dockerSocket }),
          podCIDR: target.node.podCIDR,
          hostNetworkContainer: target.containerId,
        }),
  };
}
