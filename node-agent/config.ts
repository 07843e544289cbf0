/** The agent's configuration: one JSON file. Unknown fields are refused, so that a slip of the pen does not go unseen. */
import { readFileSync } from 'node:fs';
import type { Credential } from './api/client.ts';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface KubeletFiles {
  /** Where it listens; the node's address where absent. */
  readonly address?: string;
  /** 10250 where absent; 0 takes any that is free. */
  readonly port?: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** Who may sign the certificates of callers; absent: callers show tokens, and the cluster says who they are and what they may. */
  readonly clientCAFile?: string;
}

/** A node of an installation in AWS: how it hears of its work, and where its lease goes. */
export interface AwsSettings {
  readonly region: string;
  /** In place of the region's own: emulators. */
  readonly endpoints?: { readonly sqs?: string; readonly dynamodb?: string };
}

export interface SimulatedSettings {
  /** This many nodes, named `<namePrefix>1` and on. */
  readonly count: number;
  /** `<nodeName>-` where absent. */
  readonly namePrefix?: string;
  /** Milliseconds from a start to running. */
  readonly startDelayMs?: number;
}

export interface AgentConfig {
  readonly nodeName: string;
  /** The API server: `https://host:port`. */
  readonly server: string;
  readonly caFile: string;
  /** Absent where requests are signed. */
  readonly credential?: Credential;
  /** Everything the agent keeps on disk; absolute. */
  readonly stateDir: string;
  readonly nodeIP: string;
  readonly clusterName: string;
  readonly clusterDNS?: string | readonly string[];
  readonly clusterDomain?: string;
  readonly runtime: 'docker' | 'simulated';
  readonly dockerSocket?: string;
  /** The container whose network is "the host's" for pods with hostNetwork; absent: the machine's own. */
  readonly hostNetworkContainer?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly providerID?: string;
  /** In place of what the machine has: `{ "cpu": "2", "memory": "4Gi", "pods": "110" }`. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Taken off the capacity for the machine itself. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** The resolv.conf that pods with dnsPolicy Default get, and whose search list is added to the others'. */
  readonly resolvConf?: string;
  /** The node's pod range where the cluster is not to choose it. */
  readonly podCIDR?: string;
  readonly clusterCIDR?: string;
  readonly serviceCIDR?: string;
  /** Ranges towards which pods keep their own address. */
  readonly nativeCIDRs?: readonly string[];
  readonly kubelet?: KubeletFiles;
  readonly simulated?: SimulatedSettings;
  /** Present: `server` is the agents' door, and requests to it are signed. */
  readonly aws?: AwsSettings;
}

export class ConfigError extends Error {
  readonly code = 'ConfigError';
}

const TEXT = ['nodeName', 'server', 'caFile', 'stateDir', 'nodeIP', 'clusterName', 'runtime'] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...TEXT,
  'credential',
  'clusterDNS',
  'clusterDomain',
  'dockerSocket',
  'hostNetworkContainer',
  'labels',
  'annotations',
  'taints',
  'providerID',
  'capacity',
  'reserved',
  'resolvConf',
  'podCIDR',
  'clusterCIDR',
  'serviceCIDR',
  'nativeCIDRs',
  'kubelet',
  'simulated',
  'aws',
]);

export function parseConfig(text: string): AgentConfig {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new ConfigError('must be a JSON object');
  const fields = raw as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) if (!KNOWN.has(name)) throw new ConfigError(`unknown field ${JSON.stringify(name)}`);
  for (const name of TEXT) if (typeof fields[name] !== 'string' || fields[name] === '') throw new ConfigError(`${name} must be a text that is not empty`);
  if (fields['runtime'] !== 'docker' && fields['runtime'] !== 'simulated') throw new ConfigError('runtime must be "docker" or "simulated"');
  if (!(fields['server'] as string).startsWith('https://')) throw new ConfigError('server must be an https URL');
  if (!(fields['stateDir'] as string).startsWith('/')) throw new ConfigError('stateDir must be absolute');
  const credential = (fields['credential'] ?? {}) as Readonly<Record<string, unknown>>;
  const withCertificate = typeof credential['certFile'] === 'string' && typeof credential['keyFile'] === 'string';
  if (fields['aws'] !== undefined && typeof (fields['aws'] as Partial<AwsSettings>).region !== 'string') throw new ConfigError('aws.region must be a text');
  if (fields['aws'] === undefined && !withCertificate && typeof credential['tokenFile'] !== 'string')
    throw new ConfigError('credential must name certFile and keyFile, or tokenFile');
  const config = raw as AgentConfig;
  if (config.runtime === 'simulated' && !(Number.isInteger(config.simulated?.count) && config.simulated!.count > 0))
    throw new ConfigError('simulated.count must be a whole number above 0');
  return config;
}

export function readConfig(file: string): AgentConfig {
  try {
    return parseConfig(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${file}: ${error.message}`);
    throw error;
  }
}

export const clusterDNSOf = (config: AgentConfig): readonly string[] =>
  config.clusterDNS === undefined ? [] : typeof config.clusterDNS === 'string' ? [config.clusterDNS] : config.clusterDNS;
