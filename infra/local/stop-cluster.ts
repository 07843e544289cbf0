/** Ends a cluster: its programs, its containers, its networks; and with `purge` its state and its place in the kubeconfig. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { type ClusterFiles, readState } from './cluster.ts';
import { dockerSocket, engineAnswers } from './docker/ensure.ts';
import { removeCluster } from './host-network/bridge.ts';
import { removeAccess } from './kubeconfig/kubeconfig.ts';
import { CLUSTER_LABEL, dockerRuntime } from './nodes.ts';
import { LABEL } from '#node-agent/pods/labels.ts';
import { stopProgram } from './processes/processes.ts';

/** What agents mark the containers of pods with. */
const POD_CLUSTER_LABEL = LABEL.cluster;

/** Mount points below the cluster's folder, deepest first. */
function mountsBelow(folder: string): string[] {
  const unescape = (path: string): string => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((path) => path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);
}

async function removeContainers(cluster: string, socketPath: string): Promise<void> {
  if (!(await engineAnswers(socketPath))) return;
  const docker = dockerRuntime(socketPath);
  try {
    const [nodes, pods] = await Promise.all([docker.list({ [CLUSTER_LABEL]: cluster }), docker.list({ [POD_CLUSTER_LABEL]: cluster })]);
    await Promise.all([...pods, ...nodes].map(({ id }) => docker.remove(id)));
  } finally {
    docker.close();
  }
}

/** Ends control plane and agents; what they run stays and can be taken on again. */
export async function stopPrograms(files: ClusterFiles): Promise<void> {
  const nodesFolder = join(files.root, 'nodes');
  const agents = existsSync(nodesFolder) ? readdirSync(nodesFolder) : [];
  await Promise.all([...agents.map((agent) => stopProgram(files.agent(agent), files.agent(agent).config)), stopProgram(files.controlPlane, files.controlPlane.config)]);
}

export async function stopCluster(files: ClusterFiles, name: string, options: { readonly purge: boolean }): Promise<void> {
  const state = readState(files);
  await stopPrograms(files);
  if (state !== undefined && (state.nodeSubnet !== undefined || state.nodes.length > 0)) {
    await removeContainers(name, state.dockerSocket ?? dockerSocket({}));
    await removeCluster({ cluster: name });
    for (const mount of mountsBelow(join(files.root, 'nodes'))) spawnSync('umount', ['-l', mount]);
  }
  if (!options.purge) return;
  if (state !== undefined) await removeAccess(state.kubeconfig, name);
  rmSync(files.root, { recursive: true, force: true });
}
