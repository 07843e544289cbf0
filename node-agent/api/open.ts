/** The cluster as the configuration says: by HTTPS alone, or as a node of an installation in AWS. */
import type { Clock, Random } from '#machinery/clock.ts';
import { ConfigError, type AgentConfig } from '../config.ts';
import { KUBELET_VERSION } from '../version.ts';
import { openApiClient } from './client.ts';
import { openHttpsSource } from './https-source.ts';
import type { ClusterSource } from './source.ts';

export interface OpenOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly manyNodes: boolean;
}

export async function openCluster({ config, clock, random, manyNodes }: OpenOptions): Promise<ClusterSource & { close(): void }> {
  const userAgent = `paperplane-agent/${KUBELET_VERSION}`;
  // loaded where it is used: an agent on one's own machine stays as small as it was
  if (config.aws !== undefined) return (await import('./aws/source.ts')).openAwsSource({ config, aws: config.aws, clock, random, userAgent });
  if (config.credential === undefined) throw new ConfigError('credential must name certFile and keyFile, or tokenFile');
  const client = openApiClient({ server: config.server, caFile: config.caFile, credential: config.credential, userAgent, clock, random });
  return openHttpsSource({ client, clock, random }, { manyNodes });
}
