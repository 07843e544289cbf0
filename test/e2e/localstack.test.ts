/** The cluster with no servers: the real CDK app on an emulator, its functions in the local gateway, the real kubectl, and nodes that are simulated. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEmulator } from '#infra/localstack/emulator.ts';
import { kubectl, repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { talk } from '../helpers/process.ts';
import { until } from '../helpers/cluster.ts';

const missing = await ensureEmulator().then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) console.warn(`skipped: the cluster with no servers. ${missing}`);

const START_LIMIT_MS = 400_000;
const name = `l${process.pid % 10_000}`;
const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
const kubeconfig = join(dataDir, 'kubeconfig');
const call = kubectl(kubeconfig);
const program = (...args: readonly string[]) =>
  run(process.execPath, [join(repositoryRoot, 'infra', 'localstack', 'start.ts'), '--name', name, '--data-dir', dataDir, ...args], { limitMs: START_LIMIT_MS });
async function ok(...args: readonly string[]): Promise<string> {
  const ran = await call(args);
  if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout;
}

describe.skipIf(missing !== undefined)('a cluster with no servers', () => {
  beforeAll(async () => {
    const started = await program('--detach', '--nodes', '0', '--simulated-nodes', '2', '--kubeconfig', kubeconfig);
    expect(started.stderr).not.toContain('paperplane:');
    expect(started.stdout).toContain('is ready');
  }, START_LIMIT_MS);
  afterAll(async () => {
    await program('--stop');
    rmSync(dataDir, { recursive: true, force: true });
  }, START_LIMIT_MS);

  test('knows its user by AWS identity, and its nodes are Ready', async () => {
    expect(await ok('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('arn:aws:iam::000000000000:role/local-admin');
    await until(
      () => ok('get', 'nodes', '--no-headers'),
      (nodes) => /simulated-1 +Ready[^\n]*\nsimulated-2 +Ready/.test(nodes),
      120_000,
    );
  }, 200_000);

  test('runs a deployment: controllers and scheduler behind queues', async () => {
    await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=3');
    await ok('rollout', 'status', 'deployment/web', '--timeout=150s');
    expect((await ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.phase}')).split(' ')).toEqual(['Running', 'Running', 'Running']);
    await ok('scale', 'deployment/web', '--replicas=1');
    await until(
      () => ok('get', 'pods', '-l', 'app=web', '--no-headers'),
      (pods) => pods.trim().split('\n').length === 1,
      120_000,
    );
  }, 300_000);

  test('streams a watch as it happens', async () => {
    const watching = talk(tool('kubectl'), ['get', 'configmaps', '--watch-only', '-o', 'name'], { KUBECONFIG: kubeconfig, HOME: join(repositoryRoot, '.cache', 'home') });
    // a watch says nothing until something happens
    await until(
      async () => {
        await call(['create', 'configmap', `c${Date.now()}`]);
        return watching.said();
      },
      (said) => said.includes('configmap/c'),
      60_000,
    );
    await watching.kill();
  }, 120_000);

  test('answers with a Status where the API is asked for what is not there', async () => {
    const ran = await call(['get', 'pod', 'nobody']);
    expect(ran.stderr).toContain('Error from server (NotFound): pods "nobody" not found');
  }, 60_000);
});
