/** `--aws-config FILE`: the same configuration, where an instance fills in by itself what only it knows. */
import { readFileSync } from 'node:fs';
import { systemClock } from '#machinery/system.ts';
import { type AgentConfig, ConfigError, parseConfig } from '../../config.ts';
import { type InstanceMetadata, instanceMetadata } from './credentials.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const TYPE = 'node.kubernetes.io/instance-type';

/** What EC2 says of the instance: its name as a node, its address, and where it is. @throws NoInstanceFacts */
async function instanceFacts({ get }: InstanceMetadata): Promise<Pick<AgentConfig, 'nodeName' | 'nodeIP' | 'providerID' | 'labels'>> {
  const [nodeName, nodeIP, zone, region, type] = await Promise.all(
    ['instance-id', 'local-ipv4', 'placement/availability-zone', 'placement/region', 'instance-type'].map(async (path) => (await get(path)).trim()),
  );
  return {
    nodeName: nodeName!,
    nodeIP: nodeIP!,
    providerID: `aws:///${zone}/${nodeName}`,
    labels: { [ZONE]: zone!, [REGION]: region!, [TYPE]: type! },
  };
}

export async function readAwsConfig(file: string, metadata: InstanceMetadata = instanceMetadata(systemClock)): Promise<AgentConfig> {
  const text = readFileSync(file, 'utf8');
  let given: Partial<AgentConfig>;
  try {
    given = JSON.parse(text) as Partial<AgentConfig>;
  } catch (error) {
    throw new ConfigError(`${file}: not JSON: ${(error as Error).message}`);
  }
  if (given.aws === undefined) throw new ConfigError(`${file}: aws must say in which region the installation is`);
  const facts = given.nodeName === undefined || given.nodeIP === undefined ? await instanceFacts(metadata) : undefined;
  try {
    return parseConfig(JSON.stringify({ ...facts, ...given, ...(facts === undefined ? {} : { labels: { ...facts.labels, ...given.labels } }) }));
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${file}: ${error.message}`);
    throw error;
  }
}
