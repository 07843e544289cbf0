/** The API server alone, with the controllers and the scheduler of Kubernetes itself on it. Needs their binaries: `npm run conformance -- --build`. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster, until } from '../helpers/cluster.ts';
import { type Running, startProgram, upstreamProgram } from '../helpers/upstream.ts';

const manager = upstreamProgram('kube-controller-manager');
const scheduler = upstreamProgram('kube-scheduler');
const missing = manager === undefined || scheduler === undefined;
if (missing) console.warn('SKIPPED: tests with kube-controller-manager and kube-scheduler, which have not been built (npm run conformance -- --build)');

describe.skipIf(missing)('upstream controllers and scheduler on this API server', () => {
  const cluster = testCluster(0, ['--simulated-nodes', '3', '--without', 'controllers,scheduler']);
  const programs: Running[] = [];

  beforeAll(async () => {
    const pki = (name: string): string => join(cluster.dataDir, 'pki', name);
    const started = cluster.start();
    // nodes become Ready once somebody gives them a range of addresses, so the manager must not wait for the start to end
    await until(
      () => cluster.kubectl(['get', '--raw', '/readyz']),
      (ran) => ran.code === 0,
    );
    programs.push(
      startProgram(manager!, [
        '--kubeconfig',
        cluster.kubeconfig,
        '--secure-port=0',
        '--leader-elect=false',
        '--use-service-account-credentials',
        '--controllers=*,bootstrapsigner,tokencleaner',
        '--service-account-private-key-file',
        pki('service-account.key'),
        '--root-ca-file',
        pki('ca.crt'),
        '--cluster-signing-cert-file',
        pki('ca.crt'),
        '--cluster-signing-key-file',
        pki('ca.key'),
        '--allocate-node-cidrs',
        '--cluster-cidr=10.244.0.0/16',
      ]),
      startProgram(scheduler!, ['--kubeconfig', cluster.kubeconfig, '--secure-port=0', '--leader-elect=false']),
    );
    expect((await started).stdout).toContain('is ready');
  }, 120_000);
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await cluster.stop();
  }, 60_000);

  test('bring a Deployment, a StatefulSet and a Job to rest', async () => {
    const template = (name: string, command?: readonly string[]) => ({
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'example/web:1', ...(command === undefined ? {} : { command }) }], ...(command === undefined ? {} : { restartPolicy: 'Never' }) },
    });
    const selector = (name: string) => ({ matchLabels: { app: name } });
    const items = [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 3, selector: selector('web'), template: template('web') } },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec: { replicas: 2, serviceName: 'db', selector: selector('db'), template: template('db') } },
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { completions: 2, template: template('once', ['true']) } },
    ];
    await cluster.ok(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    try {
      await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
      await cluster.ok(['rollout', 'status', 'statefulset/db', '--timeout=60s']);
      await cluster.ok(['wait', 'job/once', '--for=condition=Complete', '--timeout=60s']);
    } catch (error) {
      throw new Error(`${String(error)}\n${programs.map((program) => program.said().split('\n').slice(-20).join('\n')).join('\n')}`);
    }
    await cluster.ok(['set', 'image', 'deployment/web', 'c=example/web:2']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    await cluster.ok(['delete', 'deployment/web', 'statefulset/db', 'job/once', '--timeout=60s']);
    await until(
      () => cluster.ok(['get', 'pods,rs,controllerrevisions', '-o', 'name']),
      (left) => left === '',
    );
    for (const program of programs) expect(program.said()).not.toMatch(/unable to decode|panic|the server could not find the requested resource/);
  }, 180_000);
});
