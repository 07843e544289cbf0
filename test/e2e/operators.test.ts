/** Operators as their users have them: their definitions and charts, and a Go program that does with client-go what theirs do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { testCluster } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '1']);
const goClient = join(repositoryRoot, '.cache', 'clients', 'go-client');

beforeAll(async () => {
  const { code, stderr } = await cluster.start();
  expect(code, stderr).toBe(0);
}, 320_000);
afterAll(async () => {
  await cluster.stop(['--purge']);
}, 120_000);

describe.each(['v32', 'v36'])("an operator's chart with helm of layer %s", (layer) => {
  it('is up when helm has waited, with its definition in force', async () => {
    const release = `operator-${layer}`;
    const chart = join(import.meta.dirname, 'operator-chart');
    const env = { KUBECONFIG: cluster.kubeconfig, HOME: join(repositoryRoot, '.cache', 'helm-home') };
    const helm = (...args: readonly string[]) => run(tool('helm', layer), args, { env, limitMs: 120_000 });
    const installed = await helm('install', release, chart, '--wait', '--timeout', '60s');
    expect(installed.code, installed.stderr).toBe(0);
    const upgraded = await helm('upgrade', release, chart, '--wait', '--timeout', '60s');
    expect(upgraded.code, upgraded.stderr).toBe(0);
    expect(await cluster.ok(['get', 'route', release, '-o', 'jsonpath={.spec.labels}'])).toContain('web');
    expect(await cluster.ok(['get', 'deployment', release, '-o', 'jsonpath={.status.readyReplicas}'])).toBe('1');
    const bad = (spec: object): object => ({ apiVersion: 'operators.example.com/v1', kind: 'Route', metadata: { name: 'bad' }, spec });
    const refused = async (spec: object): Promise<string> => (await cluster.kubectl(['create', '-f', '-'], JSON.stringify(bad(spec)))).stderr;
    expect(await refused({ templates: [{ metadata: { namespace: 'x' } }] })).toContain('templates have no namespace');
    expect(await refused({ labels: { '-x': 'y' } })).toContain('label keys are a name after an optional prefix');
  }, 200_000);
});

if (!existsSync(goClient)) console.warn('skipped: the Go client; build it with: go build -C test/e2e/go-client -o ../../../.cache/clients/go-client .');
it.skipIf(!existsSync(goClient))(
  'client-go finds nothing amiss',
  async () => {
    const { stdout, stderr } = await run(goClient, [], { env: { KUBECONFIG: cluster.kubeconfig, HOME: cluster.dataDir }, limitMs: 240_000 });
    expect(
      stdout.split('\n').filter((line) => line.startsWith('FAIL')),
      stderr,
    ).toEqual([]);
    expect(stdout).toContain('ok   tokens, self reviews, certificates');
  },
  250_000,
);
