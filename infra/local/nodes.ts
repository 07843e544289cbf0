/** The nodes of a local cluster: a container that holds the node's network namespace, plugged into the cluster's bridge. */
import { PAUSE_IMAGE, pauseLayer } from '#node-agent/runtime/docker/pause.ts';
import { type DockerRuntime, openDockerRuntime } from '#node-agent/runtime/docker/runtime.ts';
import { runCommand } from '#node-agent/network/run.ts';
import type { ContainerState } from '#node-agent/runtime/port.ts';
import type { ClusterState, LocalNode } from './cluster.ts';
import { dockerSocket } from './docker/ensure.ts';
import { ensureClusterBridge } from './host-network/bridge.ts';
import { addNode, syncRoutes } from './host-network/nodes.ts';
import { freeRanges, hostAddress, nodeAddress, nodePodCIDR } from './host-network/ranges.ts';

export const CLUSTER_LABEL = 'paperplane.cluster';
const ROLE_LABEL = 'paperplane.role';
const NODE_LABEL = 'paperplane.node';

export interface LocalNetwork {
  readonly nodeSubnet: string;
  readonly podCIDR: string;
  /** The host's address on the cluster's bridge: where nodes and pods find the API server. */
  readonly hostAddress: string;
  readonly nodes: readonly LocalNode[];
}

/** The ranges the cluster has, or free ones; node i of a cluster always gets the i-th address and pod range. */
export async function pickNetwork(_cluster: string, count: number, before: ClusterState | undefined): Promise<LocalNetwork> {
  const ranges = before?.nodeSubnet !== undefined ? { nodeSubnet: before.nodeSubnet, podCIDR: before.podCIDR } : await freeRanges({ run: runCommand });
  const nodes = Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    ip: nodeAddress(ranges.nodeSubnet, index),
    podCIDR: nodePodCIDR(ranges.podCIDR, index),
  }));
  return { ...ranges, hostAddress: hostAddress(ranges.nodeSubnet), nodes };
}

export const dockerRuntime = (socketPath: string): DockerRuntime => openDockerRuntime({ socketPath, random: Math.random });

async function nodeContainer(docker: DockerRuntime, cluster: string, node: LocalNode, existing: readonly ContainerState[]): Promise<{ readonly id: string; readonly pid: number }> {
  let id = existing.find(({ labels }) => labels[NODE_LABEL] === node.name)?.id;
  id ??= await docker.create({
    name: `paperplane_${cluster}_${node.name}`,
    image: PAUSE_IMAGE,
    env: [],
    labels: { [CLUSTER_LABEL]: cluster, [ROLE_LABEL]: 'node', [NODE_LABEL]: node.name },
    mounts: [],
    tty: false,
    stdin: false,
    stdinOnce: false,
    namespaces: { network: 'none', pid: 'container', ipc: 'shareable', hostname: node.name },
    resources: {},
    security: { privileged: false, readOnlyRootFilesystem: true, noNewPrivileges: true, capabilitiesAdd: [], capabilitiesDrop: ['ALL'] },
  });
  await docker.start(id);
  const state = await docker.inspect(id);
  if (state?.pid === undefined) throw new Error(`the container of ${node.name} does not run: ${state?.error ?? 'docker says nothing of why'}`);
  return { id, pid: state.pid };
}

/** Brings every node up, side by side, and hands each to `joined` as soon as its network stands. */
export async function ensureNodes(
  state: ClusterState,
  network: LocalNetwork | undefined,
  joined: (node: LocalNode, containerPid: number, containerId: string) => Promise<void>,
): Promise<void> {
  if (network === undefined) return;
  const docker = dockerRuntime(state.dockerSocket ?? dockerSocket({}));
  try {
    const [existing] = await Promise.all([
      docker.list({ [CLUSTER_LABEL]: state.name, [ROLE_LABEL]: 'node' }),
      (async () => {
        if ((await docker.image(PAUSE_IMAGE)) === undefined)
          await docker.importImage(PAUSE_IMAGE, pauseLayer(process.arch === 'arm64' ? 'arm64' : 'x64'), { entrypoint: ['/pause'] });
      })(),
      ensureClusterBridge({ cluster: state.name, subnet: network.nodeSubnet, podCIDR: network.podCIDR }),
    ]);
    const places = await Promise.all(
      network.nodes.map(async (node) => {
        const { id, pid } = await nodeContainer(docker, state.name, node, existing);
        const place = { node: node.name, containerPid: pid, ip: node.ip, podCIDR: node.podCIDR };
        await addNode({ cluster: state.name, ...place });
        await joined(node, pid, id);
        return place;
      }),
    );
    await syncRoutes({ cluster: state.name, nodes: places });
  } finally {
    docker.close();
  }
}
