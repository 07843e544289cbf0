import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job, JobSpec, Pod } from '#kinds/generated/types.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { jobController } from './controller.ts';
import { INDEX, INDEX_FAILURES, TRACKING_FINALIZER } from './job-view.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = await createApiWorld([jobController()]);
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function start(spec: Partial<JobSpec> = {}, name = 'work'): Promise<void> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
  await world.client.create<Job>('jobs.batch', { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' }, spec: { template, ...spec } });
  await world.settle();
}
const job = (name = 'work'): Promise<Job> => world.get('jobs.batch', name);
const pods = async (): Promise<Pod[]> => (await world.all<Pod>('pods')).toSorted((a, b) => indexOf(a) - indexOf(b));
const indexOf = ({ metadata }: Pod): number => Number(metadata.annotations?.[INDEX] ?? -1);
const live = async (): Promise<Pod[]> => (await pods()).filter(({ status, metadata }) => status?.phase === 'Pending' && metadata.deletionTimestamp === undefined);
const end = (pod: Pod, phase: 'Succeeded' | 'Failed', exitCode = phase === 'Failed' ? 1 : 0): Promise<void> =>
  world.status('pods', pod.metadata.name!, {
    phase,
    containerStatuses: [
      {
        name: 'c',
        image: 'busybox',
        imageID: '',
        restartCount: 0,
        ready: false,
        state: { terminated: { exitCode, startedAt: '2026-01-01T00:00:00Z', finishedAt: new Date(world.clock.now()).toISOString().replace('.000', '') } },
      },
    ],
  });
const conditions = async (): Promise<string[]> => ((await job()).status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);

describe('a job', () => {
  test('runs its pods to completion, counts each once, and says how it went', async () => {
    await start({ completions: 3, parallelism: 2 });
    const first = await pods();
    expect(first).toHaveLength(2);
    expect(first[0]!.metadata).toMatchObject({
      finalizers: [TRACKING_FINALIZER],
      labels: { 'batch.kubernetes.io/job-name': 'work', 'job-name': 'work' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', controller: true, blockOwnerDeletion: true }],
    });
    expect((await job()).status).toEqual({ active: 2, ready: 0, terminating: 0, startTime: '2026-01-01T00:00:00Z', uncountedTerminatedPods: {} });
    await end(first[0]!, 'Succeeded');
    expect((await job()).status).toMatchObject({ active: 2, succeeded: 1, uncountedTerminatedPods: {} });
    for (const pod of await live()) await end(pod, 'Succeeded');
    const { status } = await job();
    expect(status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, completionTime: '2026-01-01T00:00:00Z' });
    expect(status).not.toHaveProperty('active');
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
    expect((await pods()).every(({ metadata }) => metadata.finalizers === undefined)).toBe(true);
    expect(await world.told()).toContain('Completed Job completed');
  });

  test('tries again after a failure, later each time, and gives up at its limit', async () => {
    await start({ backoffLimit: 1 });
    await end((await live())[0]!, 'Failed');
    expect(await live()).toHaveLength(0);
    await world.clock.advance(9_000);
    expect(await live()).toHaveLength(0);
    await world.clock.advance(1_500);
    await world.settle();
    expect(await live()).toHaveLength(1);
    await end((await live())[0]!, 'Failed');
    expect(await conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
    expect((await job()).status).toMatchObject({ failed: 2 });
    expect(await world.told()).toContain('BackoffLimitExceeded Job has reached the specified backoff limit');
  });

  test('without completions the first success ends it, once all have ended', async () => {
    await start({ parallelism: 2 });
    const [a, b] = await live();
    await end(a!, 'Succeeded');
    expect(await live()).toHaveLength(1);
    expect(await conditions()).toEqual([]);
    await end(b!, 'Failed');
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
    expect((await job()).status).toMatchObject({ succeeded: 1, failed: 1 });
  });

  test('a deadline ends it and its pods', async () => {
    await start({ activeDeadlineSeconds: 30, parallelism: 2, completions: 2 });
    await world.clock.advance(31_000);
    await world.settle();
    expect(await pods()).toHaveLength(0);
    expect(await conditions()).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
  });

  test('suspended it has no pods; resumed its time begins anew', async () => {
    await start({ suspend: true });
    expect(await pods()).toHaveLength(0);
    expect(await conditions()).toEqual(['Suspended=True JobSuspended']);
    expect((await job()).status).not.toHaveProperty('startTime');
    await world.clock.advance(60_000);
    const suspend = async (value: boolean): Promise<void> => {
      await world.client.patch('jobs.batch', 'default', 'work', { type: 'merge', body: { spec: { suspend: value } } });
      await world.settle();
    };
    await suspend(false);
    expect(await live()).toHaveLength(1);
    expect(await conditions()).toEqual(['Suspended=False JobResumed']);
    expect((await job()).status?.startTime).toBe('2026-01-01T00:01:00Z');
    await suspend(true);
    expect(await pods()).toHaveLength(0);
    expect((await job()).status).not.toHaveProperty('failed');
  });

  test('fewer pods when its parallelism is lowered; their end is not counted', async () => {
    await start({ parallelism: 3, completions: 9 });
    await world.client.patch('jobs.batch', 'default', 'work', { type: 'merge', body: { spec: { parallelism: 1 } } });
    await world.settle();
    expect(await live()).toHaveLength(1);
    expect((await job()).status).toMatchObject({ active: 1 });
    expect((await job()).status).not.toHaveProperty('failed');
  });

  test('pods keep their finalizer no longer than the job is there', async () => {
    await start();
    await world.client.delete('jobs.batch', 'default', 'work', { propagationPolicy: 'Background' });
    await world.settle();
    expect((await pods())[0]!.metadata.finalizers).toBeUndefined();
  });

  test('another controller’s job is left alone', async () => {
    await start({ managedBy: 'example.com/other' });
    expect(await pods()).toHaveLength(0);
  });
});

describe('an indexed job', () => {
  test('each index once, with its number where programs look for it', async () => {
    await start({ completions: 3, parallelism: 2, completionMode: 'Indexed' });
    const [zero, one] = await pods();
    expect([zero, one].map((pod) => pod!.spec!.hostname)).toEqual(['work-0', 'work-1']);
    expect(zero!.metadata.name).toMatch(/^work-0-[a-z0-9]{5}$/);
    expect(zero!.metadata.labels![INDEX]).toBe('0');
    expect(zero!.spec!.containers[0]!.env).toEqual([{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } } }]);
    await end(zero!, 'Succeeded');
    expect((await job()).status).toMatchObject({ succeeded: 1, completedIndexes: '0' });
    for (const pod of await live()) await end(pod, 'Succeeded');
    expect((await job()).status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
    expect(await conditions()).toContain('Complete=True CompletionsReached');
  });

  test('a limit per index: an index fails by itself, the count is carried on, the rest runs to its end', async () => {
    await start({ completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
    const [zero, one] = await pods();
    expect(zero!.metadata.annotations![INDEX_FAILURES]).toBe('0');
    await end(one!, 'Succeeded');
    await end(zero!, 'Failed');
    await world.clock.advance(11_000);
    await world.settle();
    const [again] = await live();
    expect([indexOf(again!), again!.metadata.annotations![INDEX_FAILURES]]).toEqual([0, '1']);
    await end(again!, 'Failed');
    expect((await job()).status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', succeeded: 1, failed: 2 });
    expect(await conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
  });

  test('an index that is given up is not asked for again while another runs', async () => {
    await start({ completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 0 });
    await end((await pods())[0]!, 'Failed');
    expect((await job()).status).toMatchObject({ active: 1, failedIndexes: '0' });
    const rounds = (): number => world.metrics.value('workqueue_work_duration_seconds', { name: 'job-controller' });
    const before = rounds();
    await world.clock.advance(5000);
    expect(rounds() - before).toBe(0);
    expect(await live()).toHaveLength(1);
  });

  test('a success policy: the indexes that matter suffice', async () => {
    await start({ completions: 4, parallelism: 4, completionMode: 'Indexed', successPolicy: { rules: [{ succeededIndexes: '1-3', succeededCount: 1 }] } });
    await end((await pods())[2]!, 'Succeeded');
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
    expect((await job()).status).toMatchObject({ succeeded: 1, completedIndexes: '2' });
    expect((await job()).status?.conditions?.[0]?.message).toBe('Matched rules at index 0');
  });
});

describe('a pod failure policy', () => {
  test('fails the job at an exit code, and ignores disruptions', async () => {
    await start({
      completions: 2,
      parallelism: 2,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
        ],
      },
    });
    const [a, b] = await live();
    await world.status('pods', a!.metadata.name!, { conditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    await end(a!, 'Failed');
    expect((await job()).status).not.toHaveProperty('failed');
    await end(b!, 'Failed', 42);
    const { status } = await job();
    expect(await conditions()).toEqual(['FailureTarget=True PodFailurePolicy', 'Failed=True PodFailurePolicy']);
    expect(status?.conditions?.[0]?.message).toBe(`Container c for pod default/${b!.metadata.name} failed with exit code 42 matching FailJob rule at index 1`);
    expect(status).toMatchObject({ failed: 1 });
  });
});
