import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCron } from '#kinds/batch/cron.ts';
import type { CronJob, CronJobSpec, Job } from '#kinds/generated/types.ts';
import { ttlAfterFinishedController } from '../ttl-after-finished/controller.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { cronJobController } from './controller.ts';
import { missedTimes, nextTime } from './schedule.ts';

describe('the times of a schedule', () => {
  const next = (cron: string, after: string, zone = 'UTC'): string | undefined => {
    const at = nextTime(parseCron(cron), Date.parse(after), zone);
    return at === undefined ? undefined : new Date(at).toISOString().replace('.000Z', 'Z');
  };
  test.each([
    ['*/5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'],
    ['*/5 * * * *', '2026-01-01T00:04:59Z', '2026-01-01T00:05:00Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['30 6-16/4 * * 1-5', '2026-01-02T14:30:00Z', '2026-01-05T06:30:00Z'],
    ['0 0 13 * 5', '2026-01-10T00:00:00Z', '2026-01-13T00:00:00Z'],
    ['59 23 31 12 *', '2026-12-31T23:59:00Z', '2027-12-31T23:59:00Z'],
    ['@every 90s', '2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
  ])('%s after %s is %s', (cron, after, at) => expect(next(cron, after)).toBe(at));

  test('the 31st of February never comes', () => {
    expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(() => missedTimes(parseCron('0 0 31 2 *'), 0, Date.parse('2026-01-01T00:00:00Z'), 'UTC')).toThrow('less than 1 second');
  });

  test('an hour that is left out is not caught up; one that comes twice is used twice; days without a midnight begin at one', () => {
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30:00Z');
    expect(next('30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T00:30:00Z');
    expect(next('30 2 * * *', '2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe('2026-10-25T01:30:00Z');
    expect(next('0 * 4 11 *', '2018-11-03T12:00:00Z', 'America/Sao_Paulo')).toBe('2018-11-04T03:00:00Z');
    expect(next('0 9 * * *', '2026-07-01T00:00:00Z', 'America/New_York')).toBe('2026-07-01T13:00:00Z');
  });

  test('the latest of uneven times, and about how many there were', () => {
    const missed = (cron: string, from: string, to: string) => missedTimes(parseCron(cron), Date.parse(from), Date.parse(to), 'UTC');
    expect(missed('30 6-16/4 * * 1-5', '2026-01-02T06:30:00Z', '2026-01-05T10:00:00Z')).toMatchObject({ latest: Date.parse('2026-01-05T06:30:00Z') });
    expect(missed('0 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:59:00Z')).toEqual({ latest: undefined, count: 0 });
    expect(missed('* * * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00:30Z')).toEqual({ latest: Date.parse('2026-01-02T00:00:00Z'), count: 1440 });
  });
});

describe('a cron job', () => {
  let world: ApiWorld;
  beforeEach(async () => {
    world = await createApiWorld([cronJobController(), ttlAfterFinishedController()]);
  });
  afterEach(async () => {
    expect(world.errors).toEqual([]);
    await world.stop();
  });
  async function start(spec: Partial<CronJobSpec> = {}, jobSpec: object = {}): Promise<void> {
    const jobTemplate = {
      metadata: { labels: { a: 'b' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } }, ...jobSpec },
    };
    await world.client.create<CronJob>('cronjobs.batch', {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: 'default' },
      spec: { schedule: '* * * * *', jobTemplate, ...spec },
    });
    await world.settle();
  }
  const minutes = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await world.clock.advance(60_000);
      await world.settle();
    }
  };
  const jobs = async (): Promise<string[]> => (await world.all<Job>('jobs.batch')).map(({ metadata }) => metadata.name!);
  const cronJob = (): Promise<CronJob> => world.get('cronjobs.batch', 'tick');
  const finish = (name: string, type: 'Complete' | 'Failed'): Promise<void> => {
    const time = new Date(world.clock.now()).toISOString().replace('.000', '');
    const first = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    return world.status('jobs.batch', name, {
      startTime: time,
      ...(type === 'Complete' ? { completionTime: time } : {}),
      conditions: [
        { type: first, status: 'True', lastTransitionTime: time },
        { type, status: 'True', lastTransitionTime: time },
      ],
    });
  };
  /** Minutes since the epoch at which the world begins. */
  const ZERO = Date.parse('2026-01-01T00:00:00Z') / 60_000;

  test('starts a job each minute, lists it while it runs, and remembers its success', async () => {
    await start();
    expect(await jobs()).toEqual([]);
    await world.clock.advance(60_200);
    await world.settle();
    expect(await jobs()).toEqual([`tick-${ZERO + 1}`]);
    const [job] = await world.all<Job>('jobs.batch');
    expect(job!.metadata).toMatchObject({
      labels: { a: 'b' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:01:00Z' },
      ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
    });
    expect((await cronJob()).status).toMatchObject({ lastScheduleTime: '2026-01-01T00:01:00Z', active: [{ kind: 'Job', name: `tick-${ZERO + 1}`, apiVersion: 'batch/v1' }] });
    await finish(`tick-${ZERO + 1}`, 'Complete');
    expect((await cronJob()).status).toEqual({ lastScheduleTime: '2026-01-01T00:01:00Z', lastSuccessfulTime: '2026-01-01T00:01:00Z' });
    expect(await world.told()).toEqual(
      expect.arrayContaining([`SuccessfulCreate Created job tick-${ZERO + 1}`, `SawCompletedJob Saw completed job: tick-${ZERO + 1}, condition: Complete`]),
    );
  });

  test('forbids, replaces or allows a second one', async () => {
    await start({ concurrencyPolicy: 'Forbid' });
    await minutes(3);
    expect(await jobs()).toHaveLength(1);
    expect((await world.told()).some((text) => text.startsWith('JobAlreadyActive'))).toBe(true);
    await world.client.patch('cronjobs.batch', 'default', 'tick', { type: 'merge', body: { spec: { concurrencyPolicy: 'Replace' } } });
    await minutes(1);
    expect(await jobs()).toHaveLength(1);
    expect((await cronJob()).status?.active).toHaveLength(1);
    await world.client.patch('cronjobs.batch', 'default', 'tick', { type: 'merge', body: { spec: { concurrencyPolicy: 'Allow' } } });
    await minutes(2);
    expect((await jobs()).length).toBeGreaterThanOrEqual(3);
  });

  test('suspended it starts none; a time missed for longer than the deadline is left out', async () => {
    await start({ suspend: true, startingDeadlineSeconds: 30, schedule: '0 * * * *' });
    await world.pass(3_660_000);
    await world.client.patch('cronjobs.batch', 'default', 'tick', { type: 'merge', body: { spec: { suspend: false } } });
    await world.settle();
    expect(await jobs()).toEqual([]);
    await world.pass(3_600_000);
    expect(await jobs()).toHaveLength(1);
  });

  test('keeps as many finished ones as its limits say', async () => {
    await start({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
    for (const end of ['Complete', 'Failed', 'Complete'] as const) {
      await world.clock.advance(60_200);
      await world.settle();
      const [active] = (await cronJob()).status!.active!;
      await finish(active!.name!, end);
    }
    expect(await jobs()).toHaveLength(1);
  });

  test('a new schedule does not make up for times before it', async () => {
    await start({ schedule: '0 0 1 6 *' });
    await world.pass(7_200_000);
    await world.client.patch('cronjobs.batch', 'default', 'tick', { type: 'merge', body: { spec: { schedule: '0 * * * *' } } });
    await world.settle();
    expect(await jobs()).toEqual([]);
    await world.pass(3_601_000);
    expect(await jobs()).toHaveLength(1);
  });

  test('names the zone its job was due in', async () => {
    await start({ timeZone: 'Asia/Kolkata', schedule: '0 6 * * *' });
    await world.pass(1_801_000);
    expect((await world.all<Job>('jobs.batch'))[0]!.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T06:00:00+05:30' });
  });

  test('finished jobs with a time to live go when it is over', async () => {
    await start({}, { ttlSecondsAfterFinished: 30 });
    await minutes(1);
    await world.clock.advance(1_000);
    const [name] = await jobs();
    await finish(name!, 'Complete');
    await world.clock.advance(29_000);
    expect(await jobs()).toContain(name);
    await world.clock.advance(2_000);
    await world.settle();
    expect((await world.get<Job>('jobs.batch', name!)).metadata).toMatchObject({ deletionTimestamp: expect.any(String) as string, finalizers: ['foregroundDeletion'] });
  });
});
