/** The cluster with no servers: the real CDK app on an emulator, its functions in the local gateway, the real kubectl, and nodes: on Docker as in AWS, and simulated. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCAL_SOURCE } from '#infra/aws/events.ts';
import { clusterFiles } from '#infra/local/cluster.ts';
import { stopProgram } from '#infra/local/processes/processes.ts';
import { ensureEmulator } from '#infra/localstack/emulator.ts';
import { kubectl, repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { talk } from '../helpers/process.ts';
import { until } from '../helpers/cluster.ts';
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';

const missing = await ensureEmulator().then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) console.warn(`skipped: the cluster with no servers. ${missing}`);

/** Real nodes need root. */
const NODES = process.getuid?.() === 0 ? 2 : 0;
if (NODES === 0) console.warn('skipped: nodes on Docker in the cluster with no servers (they need root)');

const START_LIMIT_MS = 400_000;
const name = `l${process.pid % 10_000}`;
const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
const kubeconfig = join(dataDir, 'kubeconfig');
const call = kubectl(kubeconfig);
const program = (...args: readonly string[]) =>
  run(process.execPath, [join(repositoryRoot, 'infra', 'localstack', 'start.ts'), '--name', name, '--data-dir', dataDir, ...args], { limitMs: START_LIMIT_MS });
async function ok(...args: readonly string[]): Promise<string> {
  return okWith(undefined, ...args);
}
async function okWith(input: string | undefined, ...args: readonly string[]): Promise<string> {
  const ran = await call(args, input);
  if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout;
}

describe.skipIf(missing !== undefined)('a cluster with no servers', () => {
  beforeAll(async () => {
    const started = await program('--detach', '--nodes', String(NODES), '--simulated-nodes', '2', '--kubeconfig', kubeconfig);
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
    if (NODES > 0) expect(await ensureTestImage()).toBeUndefined();
    await ok('create', 'deployment', 'web', `--image=${TEST_IMAGE}`, '--replicas=3', '--', 'sleep', '3600');
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

  describe.skipIf(NODES === 0)('and nodes on Docker, as they are in AWS', () => {
    const object = (apiVersion: string, kind: string, metadata: object, more: object) => ({ apiVersion, kind, metadata, ...more });
    const pods = async (): Promise<
      readonly { readonly metadata: { readonly name: string }; readonly spec: { readonly nodeName?: string }; readonly status: { readonly phase: string } }[]
    > => (JSON.parse(await ok('get', 'pods', '-l', 'app=page', '-o', 'json')) as { readonly items: never[] }).items;
    const renewTime = (): Promise<string> => ok('get', 'lease', 'node-1', '-n', 'kube-node-lease', '-o', 'jsonpath={.spec.renewTime}');

    test('renew their leases without a request to the API', async () => {
      await ok('wait', '--for=condition=Ready', 'node/node-1', 'node/node-2', '--timeout=60s');
      // when a write through the API last touched renewTime
      const written = async (): Promise<readonly string[]> => {
        const { metadata } = JSON.parse(await ok('get', 'lease', 'node-1', '-n', 'kube-node-lease', '-o', 'json', '--show-managed-fields')) as {
          readonly metadata: { readonly managedFields: readonly { readonly time: string; readonly fieldsV1: object }[] };
        };
        return metadata.managedFields.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('f:renewTime')).map(({ time }) => time);
      };
      const [before, at] = [await renewTime(), await written()];
      await until(renewTime, (now) => now > before, 40_000);
      expect(await written()).toEqual(at);
    }, 120_000);

    test('run pods, hear of services and of what changes in a config map, and are reached for logs and exec', async () => {
      const container = {
        name: 'c',
        image: TEST_IMAGE,
        command: ['sh', '-c', 'echo up; exec httpd -f -p 8080 -h /data'],
        readinessProbe: { httpGet: { path: '/word', port: 8080 }, periodSeconds: 1 },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      };
      const spec = {
        terminationGracePeriodSeconds: 1,
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'paperplane.dev/simulated', operator: 'DoesNotExist' }] }] },
          },
        },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'page' } } }],
        containers: [container],
        volumes: [{ name: 'data', configMap: { name: 'page' } }],
      };
      const objects = [
        object('v1', 'ConfigMap', { name: 'page' }, { data: { word: 'first' } }),
        object('v1', 'Service', { name: 'page' }, { spec: { selector: { app: 'page' }, ports: [{ port: 80, targetPort: 8080 }] } }),
        object(
          'apps/v1',
          'Deployment',
          { name: 'page' },
          { spec: { replicas: 2, selector: { matchLabels: { app: 'page' } }, template: { metadata: { labels: { app: 'page' } }, spec } } },
        ),
      ];
      await okWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'create', '-f', '-');
      await ok('rollout', 'status', 'deployment/page', '--timeout=120s');
      expect(new Set((await pods()).map(({ spec: { nodeName } }) => nodeName))).toEqual(new Set(['node-1', 'node-2']));
      const name = (await pods())[0]!.metadata.name;
      expect(await ok('logs', name)).toContain('up');
      expect(await ok('exec', name, '--', 'wget', '-qO-', 'http://page/word')).toBe('first');
      await ok('patch', 'configmap', 'page', '--type=merge', '-p', '{"data":{"word":"second"}}');
      await until(
        () => ok('exec', name, '--', 'cat', '/data/word'),
        (word) => word === 'second',
        60_000,
      );
    }, 300_000);

    test('an instance that is terminated takes its node along, and its pods run elsewhere within 20 seconds', async () => {
      const files = clusterFiles(dataDir).agent('node-2');
      await stopProgram(files, files.config);
      const at = Date.now();
      const Detail = JSON.stringify({ 'instance-id': 'i-00000000000000002', state: 'shutting-down' });
      const answer = await fetch(`http://127.0.0.1:${readFileSync(join(dataDir, 'emulator'), 'utf8')}/`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AWSEvents.PutEvents',
          authorization: 'AWS4-HMAC-SHA256 Credential=paperplanelocal/20260101/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0',
        },
        body: JSON.stringify({ Entries: [{ Source: LOCAL_SOURCE, DetailType: 'EC2 Instance State-change Notification', Detail }] }),
      });
      expect(await answer.json()).toMatchObject({ FailedEntryCount: 0 });
      await until(
        async () => (await pods()).map(({ spec, status }) => `${spec.nodeName} ${status.phase}`),
        (all) => all.length === 2 && all.every((one) => one === 'node-1 Running'),
        60_000,
      );
      expect(Date.now() - at).toBeLessThan(20_000);
      expect(await ok('get', 'nodes', '-o', 'name')).not.toContain('node-2');
    }, 120_000);
  });
});
