/** The gateway's program in localstack mode. Usage: gateway-main.ts --config FILE */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PlaceConfig } from './config.ts';
import { openPlace } from './place.ts';

const SHUTDOWN_LIMIT_MS = 5_000;

const log = (text: string, error?: unknown): void => {
  const detail = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? undefined : String(error);
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), message: text, ...(detail === undefined ? {} : { error: detail }) })}\n`);
};

process.on('unhandledRejection', (error) => log('an error that nobody waited for', error));
try {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const place = await openPlace(JSON.parse(readFileSync(values.config ?? '', 'utf8')) as PlaceConfig, log);
  log(`ready after ${Math.round(process.uptime() * 1000)} ms`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
      void place.close().finally(() => process.exit(0));
    });
  }
} catch (error) {
  log('the gateway cannot start', error);
  process.exit(1);
}
