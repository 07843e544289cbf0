/** Jobs, cron jobs, disruption budgets, volume claims and autoscalers as a user of kubectl sees them, on simulated nodes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster, until } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '2']);
const { ok, wait } = cluster;

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
  expect(started.code).toBe(0);
}, 120_000);
afterAll(async () => {
  await cluster.stop();
}, 60_000);

const isGone = (what: string, limitMs?: number): Promise<string> =>
  until(
    () => ok(['get', ...what.split(' '), '--ignore-not-found', '-o', 'name']),
    (left) => left === '',
    limitMs,
  );
const job = (name: string, script: string, spec: object = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'example/work:1', command: ['sh', '-c', script] }] } }, ...spec },
});

describe('a job', () => {
  test('runs to completion, shows what it did, and takes its pods along', async () => {
    await cluster.create(job('work', 'exit 0', { completions: 3, parallelism: 2 }));
    await wait('job/work', 'condition=Complete');
    expect(await ok(['get', 'job', 'work', '--no-headers'])).toMatch(/^work +Complete +3\/3 /);
    expect(await ok(['describe', 'job', 'work'])).toMatch(/Pods Statuses: +0 Active \(0 Ready\) \/ 3 Succeeded \/ 0 Failed[^]*Normal +SuccessfulCreate[^]*Normal +Completed/);
    await ok(['delete', 'job', 'work']);
    await isGone('pods -l job-name=work');
  });

  test('that cannot succeed fails, and goes when its time is over', async () => {
    await cluster.create(job('vain', 'exit 3', { backoffLimit: 0, ttlSecondsAfterFinished: 5 }));
    await wait('job/vain', 'condition=Failed');
    expect(await ok(['get', 'job', 'vain', '-o', 'jsonpath={.status.conditions[?(@.type=="Failed")].reason} {.status.failed}'])).toBe('BackoffLimitExceeded 1');
    await isGone('job vain');
  });

  test('each index has its number; suspended it has no pods', async () => {
    await cluster.create(job('indexed', 'sleep 1; exit 0', { completions: 3, parallelism: 3, completionMode: 'Indexed', suspend: true }));
    await wait('job/indexed', 'condition=Suspended');
    expect(await ok(['get', 'pods', '-l', 'job-name=indexed', '-o', 'name'])).toBe('');
    await ok(['patch', 'job', 'indexed', '-p', '{"spec":{"suspend":false}}']);
    await wait('job/indexed', 'condition=Complete');
    expect(await ok(['get', 'job', 'indexed', '-o', 'jsonpath={.status.completedIndexes}'])).toBe('0-2');
  });
});

test('a job made from a cron job runs as one that is due', async () => {
  await ok(['create', 'cronjob', 'nightly', '--image=example/work:1', '--schedule=0 3 * * *', '--', 'true']);
  await ok(['create', 'job', 'tonight', '--from=cronjob/nightly']);
  await wait('job/tonight', 'condition=Complete');
  expect(await ok(['get', 'cronjob', 'nightly', '--no-headers'])).toMatch(/^nightly +0 3 \* \* \* +<none> +False +0 +<none> /);
  expect(await ok(['get', 'job', 'tonight', '-o', 'jsonpath={.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}'])).toBe('CronJob/nightly');
  await ok(['delete', 'cronjob', 'nightly']);
  await isGone('job tonight');
});

describe('with a deployment', () => {
  beforeAll(async () => {
    await ok(['create', 'deployment', 'web', '--image=example/web:1', '--replicas=2']);
    await ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
  }, 90_000);

  test('a disruption budget holds up a drain until it allows for it', async () => {
    await ok(['create', 'pdb', 'web', '--selector=app=web', '--min-available=2']);
    await wait('pdb/web', 'jsonpath={.status.currentHealthy}=2');
    expect(await ok(['get', 'pdb', 'web', '--no-headers'])).toMatch(/^web +2 +N\/A +0 /);
    const node = (await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].spec.nodeName}'])).trim();
    const refused = await cluster.kubectl(['drain', node, '--timeout=2s']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await ok(['patch', 'pdb', 'web', '-p', '{"spec":{"minAvailable":1}}']);
    await wait('pdb/web', 'jsonpath={.status.disruptionsAllowed}=1');
    expect(await ok(['drain', node, '--timeout=60s'])).toContain(`node/${node} drained`);
    await ok(['uncordon', node]);
    await ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
  });

  test('an autoscaler keeps it within its limits, and says that it has no metrics', async () => {
    await ok(['autoscale', 'deployment', 'web', '--min=3', '--max=5', '--cpu=80%']);
    await wait('deployment/web', 'jsonpath={.spec.replicas}=3');
    expect(await ok(['get', 'hpa', 'web', '--no-headers'])).toMatch(/^web +Deployment\/web +cpu: <unknown>\/80% +3 +5 /);
    await wait('hpa/web', 'condition=ScalingActive=false');
    expect(await ok(['describe', 'hpa', 'web'])).toMatch(/ScalingActive +False +FailedGetResourceMetric[^]*Normal +SuccessfulRescale/);
  });
});

test('a claim waits for its pod, gets a volume, is kept while that runs, and takes the volume along', async () => {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  await cluster.create(claim);
  await wait('pvc/data', 'jsonpath={.spec.storageClassName}=standard');
  expect(await ok(['get', 'pvc', 'data', '-o', 'jsonpath={.status.phase}'])).toBe('Pending');
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
  const containers = [{ name: 'c', image: 'example/web:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
  await cluster.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'keeper' }, spec: { containers, volumes } });
  await wait('pod/keeper', 'condition=Ready');
  expect(await ok(['get', 'pvc', 'data', '--no-headers'])).toMatch(/^data +Bound +pvc-[-0-9a-f]+ +1Gi +RWO +standard /);
  const volume = await ok(['get', 'pvc', 'data', '-o', 'jsonpath={.spec.volumeName}']);
  await ok(['delete', 'pvc', 'data', '--wait=false']);
  expect(await ok(['get', 'pvc', 'data', '--no-headers'])).toMatch(/^data +Terminating /);
  await ok(['delete', 'pod', 'keeper']);
  await isGone('pvc data');
  await isGone(`pv ${volume}`);
});
