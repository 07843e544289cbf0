/** The control plane of a local cluster, one process: store, API server, controllers and scheduler. Configured by `--config FILE`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadSmall } from './footprint.ts';
import type { ControlPlaneConfig } from './programs.ts';
import { tidyWhenQuiet } from './tidy.ts';

/** EX_CONFIG: the supervisor does not try again. */
const EXIT_CONFIG = 78;
const SHUTDOWN_LIMIT_MS = 10_000;

const log = (message: string, error?: unknown): void => {
  const detail = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? undefined : String(error);
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), message, ...(detail === undefined ? {} : { error: detail }) })}\n`);
};

function readConfig(): ControlPlaneConfig {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('usage: control-plane.ts --config FILE');
  return JSON.parse(readFileSync(values.config, 'utf8')) as ControlPlaneConfig;
}

const { runControlPlane } = await loadSmall(async () => {
  // what the store's thread loads belongs to it too
  await import('#store/embedded/writer-thread-main.ts');
  return import('./compose.ts');
});

let config: ControlPlaneConfig;
try {
  config = readConfig();
} catch (error) {
  log('the configuration cannot be read', error);
  process.exit(EXIT_CONFIG);
}

process.on('unhandledRejection', (error) => log('an error that nobody waited for', error));
process.on('uncaughtException', (error) => log('an error that nobody caught', error));
try {
  const running = await runControlPlane(config, log);
  tidyWhenQuiet();
  log(`ready on port ${config.port} after ${Math.round(process.uptime() * 1000)} ms`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      const limit = setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS);
      limit.unref();
      running.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log('stopping failed', error);
          process.exit(1);
        },
      );
    });
  }
} catch (error) {
  log('the control plane cannot start', error);
  process.exit(1);
}
