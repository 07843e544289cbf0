/** A local cluster as the command line sees it: what infra/local/inspect.ts says of it, and a connection to it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ApiClient, apiClient } from '../api/client.ts';

/** Reading a few files takes a Node start; more means a disk that hangs. */
const INSPECT_LIMIT_MS = 30_000;
export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** Which cluster is meant; absent: as `npm start` without the option. */
export interface ClusterChoice {
  readonly name?: string;
  readonly dataDir?: string;
}

export interface Program {
  /** `control-plane`, or the node whose agent it is; one agent plays all simulated nodes. */
  readonly name: string;
  readonly logFile: string;
  /** Absent: it does not run. */
  readonly pid?: number;
  readonly supervisor?: number;
}

export interface LocalCluster {
  readonly name: string;
  readonly dataDir: string;
  /** The file its context was written into. */
  readonly kubeconfig: string;
  readonly server: string;
  readonly access: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly programs: readonly Program[];
}

export class NoCluster extends Error {
  readonly code = 'NO_CLUSTER';
}

export const choiceArguments = ({ name, dataDir }: ClusterChoice): readonly string[] => [
  ...(name === undefined ? [] : ['--name', name]),
  ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
];

/** @throws NoCluster with the reason */
export async function localCluster(choice: ClusterChoice): Promise<LocalCluster> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [join(repositoryRoot, 'infra', 'local', 'inspect.ts'), ...choiceArguments(choice)], {
      timeout: INSPECT_LIMIT_MS,
    });
    return JSON.parse(stdout) as LocalCluster;
  } catch (error) {
    const said = (error as { readonly stderr?: string }).stderr?.trim();
    throw new NoCluster(said === undefined || said === '' ? (error as Error).message : said);
  }
}

const read = (file: string): string => readFileSync(file, 'utf8');

/** Speaks to the cluster as its administrator. */
export function adminClient({ server, access }: LocalCluster, namespace = 'default'): ApiClient {
  return apiClient({ server, namespace, insecure: false, ca: read(access.caFile), cert: read(access.certFile), key: read(access.keyFile) });
}
