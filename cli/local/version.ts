/** `paperplane version`: this program's and, where it answers, the cluster's. */
import type { KubeObject } from '#machinery/object.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminClient, type ClusterChoice, localCluster, repositoryRoot } from './cluster.ts';

interface ServerVersion extends KubeObject {
  readonly gitVersion: string;
}

export const ownVersion = (): string => (JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as { readonly version: string }).version;

/** The version of Kubernetes that the cluster stands for; a reason where it does not say. */
export async function serverVersion(choice: ClusterChoice): Promise<{ readonly version: string } | { readonly reason: string }> {
  let api;
  try {
    api = adminClient(await localCluster(choice));
    return { version: (await api.get<ServerVersion>('/version')).gitVersion };
  } catch (error) {
    return { reason: (error as Error).message };
  } finally {
    await api?.close();
  }
}
