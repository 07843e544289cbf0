/** What a local cluster remembers between starts, and where its files are. */
import type { AccessOptions } from './access/options.ts';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramFiles } from './processes/processes.ts';

/** The first address is the API server's (`kubernetes.default`), the tenth the cluster DNS', as kubeadm has it. */
export const SERVICE_CIDR = '10.96.0.0/16';
export const API_SERVICE_IP = '10.96.0.1';
export const DNS_SERVICE_IP = '10.96.0.10';
export const CLUSTER_DOMAIN = 'cluster.local';
const STATE_VERSION = 1;

export interface LocalNode {
  readonly name: string;
  readonly ip: string;
  readonly podCIDR: string;
}

/** Parts of the control plane that can be left to other programs, such as upstream's own. */
export const PARTS = ['controllers', 'scheduler'] as const;
export type Part = (typeof PARTS)[number];

export interface ClusterState {
  readonly version: number;
  readonly name: string;
  readonly port: number;
  /** The range pods get addresses from; another one per cluster of this machine. */
  readonly podCIDR: string;
  /** The range of the nodes' own addresses; absent without real nodes. */
  readonly nodeSubnet?: string;
  readonly nodes: readonly LocalNode[];
  readonly simulatedNodes: number;
  /** Absent: the control plane is whole. */
  readonly without?: readonly Part[];
  /** Of the engine that runs the real nodes; absent without them, or where it is the usual one. */
  readonly dockerSocket?: string;
  /** The kubeconfig the cluster was written into. */
  readonly kubeconfig: string;
  /** Absent: certificates and the cluster's own tokens only, and no audit log. */
  readonly access?: AccessOptions;
}

export interface ClusterFiles {
  readonly root: string;
  readonly state: string;
  readonly pki: string;
  readonly store: string;
  readonly volumes: string;
  readonly logs: string;
  readonly controlPlane: ProgramFiles & { readonly config: string };
  agent(node: string): ProgramFiles & { readonly config: string; readonly stateDir: string };
}

export class ClusterStateError extends Error {
  readonly code = 'CLUSTER_STATE';
}

export function clusterFiles(root: string): ClusterFiles {
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    state: at('cluster.json'),
    pki: at('pki'),
    store: at('store'),
    volumes: at('volumes'),
    logs: at('logs'),
    controlPlane: { config: at('control-plane.json'), pidFile: at('run', 'control-plane.pid'), logFile: at('logs', 'control-plane.log') },
    agent: (node) => ({ config: at('nodes', node, 'agent.json'), stateDir: at('nodes', node), pidFile: at('run', `${node}.pid`), logFile: at('logs', `${node}.log`) }),
  };
}

export function readState(files: ClusterFiles): ClusterState | undefined {
  if (!existsSync(files.state)) return undefined;
  let state: ClusterState;
  try {
    state = JSON.parse(readFileSync(files.state, 'utf8')) as ClusterState;
  } catch (error) {
    throw new ClusterStateError(`${files.state} is damaged (${(error as Error).message}): restore it, or remove the cluster with npm stop -- --purge`);
  }
  if (state.version !== STATE_VERSION) throw new ClusterStateError(`${files.state} was written by another release (format ${state.version}, this one reads ${STATE_VERSION})`);
  return state;
}

export function writeState(files: ClusterFiles, state: Omit<ClusterState, 'version'>): ClusterState {
  const whole = { version: STATE_VERSION, ...state };
  writeFile(files.state, whole);
  return whole;
}

/** A JSON file for its owner alone, replaced in one step. */
export function writeFile(file: string, value: unknown): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, file);
}
