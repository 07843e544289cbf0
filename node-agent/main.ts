/**
 * `node node-agent/main.ts --config FILE`: the agent of one Docker host, or of many simulated ones. `--aws-config FILE`: of an instance, which
 * fills in what only it knows.
 */
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from './config.ts';
import { beSmall, staySmall } from './footprint.ts';

/** EX_CONFIG: whoever supervises the agent need not try again. */
const BAD_CONFIGURATION = 78;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'aws-config': { type: 'string' } } });
  const awsConfig = values['aws-config'];
  if (awsConfig === undefined && values.config === undefined) throw new ConfigError('--config FILE is needed');
  if (awsConfig !== undefined) beSmall();
  const config = awsConfig === undefined ? readConfig(values.config!) : await (await import('./api/aws/config.ts')).readAwsConfig(awsConfig);
  if (config.runtime === 'docker') beSmall();
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  // With cluster and runtime both away only timers are left, and those do not keep a process alive.
  setInterval(() => undefined, 2 ** 30);
  // An agent must outlive whatever one pod's work throws by mistake; it says so and goes on.
  process.on('unhandledRejection', (error) => console.error('unhandled:', error));
  if (config.runtime === 'docker') {
    await staySmall(() => Promise.all([import('./docker-node.ts'), config.aws && import('./api/aws/source.ts')]));
    await (await import('./docker-node.ts')).runDockerNode(config, stop.signal);
  } else await (await import('./simulated-nodes.ts')).runSimulatedNodes(config, stop.signal);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    process.exit(error instanceof ConfigError ? BAD_CONFIGURATION : 1);
  },
);
