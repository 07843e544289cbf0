/** `paperplane status`: whether the programs of a cluster run, its API answers and its nodes are Ready. */
import type { Node, Pod } from '#kinds/generated/types.ts';
import type { ApiClient } from '../api/client.ts';
import { adminClient, type LocalCluster } from './cluster.ts';

export interface NodeState {
  readonly name: string;
  readonly ready: boolean;
  /** Why not, in the node's own words. */
  readonly reason?: string;
  readonly address: string;
  readonly pods: number;
}

export interface Status {
  readonly name: string;
  readonly dataDir: string;
  readonly server: string;
  readonly kubeconfig: string;
  readonly programs: readonly { readonly name: string; readonly state: 'running' | 'starting again' | 'stopped'; readonly pid?: number }[];
  readonly api: 'ready' | 'not answering' | 'stopped';
  /** What the API answered instead. */
  readonly problem?: string;
  readonly nodes: readonly NodeState[];
  /** All that was started runs, answers and is Ready. */
  readonly healthy: boolean;
}

function nodeState(node: Node, pods: readonly Pod[]): NodeState {
  const condition = node.status?.conditions?.find(({ type }) => type === 'Ready');
  const ready = condition?.status === 'True';
  return {
    name: node.metadata.name!,
    ready,
    ...(ready ? {} : { reason: condition?.message ?? 'its agent has not reported yet' }),
    address: node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
    pods: pods.filter((pod) => pod.spec?.nodeName === node.metadata.name && pod.status?.phase === 'Running').length,
  };
}

async function nodesOf(api: ApiClient): Promise<readonly NodeState[]> {
  const [nodes, pods] = await Promise.all([api.list<Node>('/api/v1/nodes'), api.list<Pod>('/api/v1/pods')]);
  return nodes.map((node) => nodeState(node, pods)).toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

export async function statusOf(cluster: LocalCluster): Promise<Status> {
  const programs = cluster.programs.map(({ name, pid, supervisor }) => ({
    name,
    state: pid !== undefined ? ('running' as const) : supervisor !== undefined ? ('starting again' as const) : ('stopped' as const),
    ...(pid === undefined ? {} : { pid }),
  }));
  const { name, dataDir, server, kubeconfig } = cluster;
  const common = { name, dataDir, server, kubeconfig, programs };
  if (cluster.programs.every(({ pid, supervisor }) => pid === undefined && supervisor === undefined)) return { ...common, api: 'stopped', nodes: [], healthy: false };
  const api = adminClient(cluster);
  try {
    const nodes = await nodesOf(api);
    return { ...common, api: 'ready', nodes, healthy: programs.every(({ state }) => state === 'running') && nodes.every(({ ready }) => ready) };
  } catch (error) {
    return { ...common, api: 'not answering', problem: (error as Error).message, nodes: [], healthy: false };
  } finally {
    await api.close();
  }
}

const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]! + 3))).join('')}\n`).join('');
};

export function statusText(status: Status): string {
  const head = `${status.name}: API ${status.api}${status.problem === undefined ? '' : ` (${status.problem})`}\n`;
  const facts = columns([
    ['server', status.server],
    ['kubeconfig', `${status.kubeconfig} (context ${status.name})`],
    ['state', status.dataDir],
  ]);
  const programs = columns([['PROGRAM', 'STATE', 'PID'], ...status.programs.map(({ name, state, pid }) => [name, state, String(pid ?? '-')])]);
  if (status.nodes.length === 0) return `${head}${facts}\n${programs}`;
  const nodes = columns([
    ['NODE', 'READY', 'ADDRESS', 'RUNNING PODS', 'REASON'],
    ...status.nodes.map(({ name, ready, address, pods, reason }) => [name, ready ? 'yes' : 'no', address, String(pods), reason ?? '']),
  ]).replace(/ +$/gm, '');
  return `${head}${facts}\n${programs}\n${nodes}`;
}
