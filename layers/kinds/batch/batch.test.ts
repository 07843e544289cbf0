import { describe, expect, test } from 'vitest';
import type { CronJob, Job } from '#kinds/generated/types.ts';
import { cells, created, problems, updated } from '../testing/kinds.ts';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
const job = (spec: object, status?: object): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { uid: 'u-1' },
  spec: { template, ...spec } as never,
  ...(status === undefined ? {} : { status: status as never }),
});

describe('a job', () => {
  test('defaults', () => {
    const { spec } = created(job({}));
    expect(spec).toMatchObject({ completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed' });
    expect(spec?.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } });
  });
  test.each<[object, string[]]>([
    [{}, []],
    [{ parallelism: -1 }, ['spec.parallelism: Invalid: must be greater than or equal to 0']],
    [{ completionMode: 'Indexed' }, []],
    [{ completionMode: 'Indexed', parallelism: 2 }, ['spec.completions: Required: when completion mode is Indexed']],
    [{ backoffLimitPerIndex: 1 }, ['spec.backoffLimitPerIndex: Invalid: requires indexed completion mode']],
    [{ template: { spec: { ...template.spec, restartPolicy: 'Always' } } }, ['spec.template.spec.restartPolicy: Required: valid values: "OnFailure", "Never"']],
    [{ managedBy: 'me' }, ['spec.managedBy: Invalid: must be a domain-prefixed path (such as "acme.io/foo")']],
    [
      { podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }] } },
      ['spec.podFailurePolicy.rules[0].action: Invalid: requires the backoffLimitPerIndex to be set'],
    ],
  ])('%o', (spec, expected) => expect(problems(job(spec))).toEqual(expected));

  const elastic = (completions: number, parallelism: number): Job => job({ completionMode: 'Indexed', completions, parallelism });
  test('what may change: completions of indexed jobs with their parallelism, what pods ask for while it rests', () => {
    expect(updated(elastic(3, 3), created(elastic(2, 2))).problems).toEqual([]);
    expect(updated(elastic(3, 3), created(elastic(2, 3))).problems).toEqual(['spec.completions: Invalid: can only be modified in tandem with spec.parallelism']);
    expect(updated(job({ completions: 1 }), created(job({ completions: 2 }))).problems).toEqual(['spec.completions: Invalid: field is immutable']);
    const next = (nodeSelector: object): object => ({ suspend: true, template: { spec: { ...template.spec, nodeSelector } } });
    const noted = { startTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Suspended', status: 'True' }] };
    expect(updated(job(next({}), noted), created(job(next({ a: 'b' })))).problems).toEqual([]);
    expect(updated(job(next({}), { ...noted, active: 1 }), created(job(next({ a: 'b' })))).problems).toEqual(['spec.template: Invalid: field is immutable']);
    expect(updated(job({ ...next({}), suspend: false }), created(job(next({ a: 'b' })))).problems).toEqual(['spec.template: Invalid: field is immutable']);
  });
  test('a status fits together, and an end stays', () => {
    const of = (status: object, before: object = {}): string[] => updated(job({}, before), job({}, status), 'status').problems;
    expect(of({ active: 1, ready: 2 })).toEqual(['status.ready: Invalid: cannot set more ready pods than active']);
    expect(of({ conditions: [{ type: 'Complete', status: 'True' }], completionTime: '2026-01-01T00:00:00Z' })).toEqual([
      'status.conditions: Invalid: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ]);
    expect(of({ conditions: [] }, { conditions: [{ type: 'Failed', status: 'True' }] })).toEqual(['status.conditions: Invalid: cannot disable the terminal Failed=True condition']);
  });
  test('table', () => {
    expect(cells(job({ completions: 3 }))).toEqual(['Running', '0/3', '', '10m', 'c', 'busybox', 'batch.kubernetes.io/controller-uid=u-1']);
  });
});

describe('a cron job', () => {
  const of = (spec: object, name = 'one'): CronJob => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } }, ...spec } as never,
  });
  test.each<[object, string[]]>([
    [{}, []],
    [{ schedule: '* * * *' }, ['spec.schedule: Invalid: expected exactly 5 fields, found 4: [* * * *]']],
    [{ schedule: 'TZ=UTC * * * * *' }, ['spec.schedule: Invalid: cannot use TZ or CRON_TZ in schedule, use timeZone field instead']],
    [{ timeZone: 'Mars/Olympus' }, ['spec.timeZone: Invalid: unknown time zone Mars/Olympus']],
    [{ concurrencyPolicy: 'Queue' }, ['spec.concurrencyPolicy: NotSupported: supported values: "Allow", "Forbid", "Replace"']],
  ])('%o', (spec, expected) => expect(problems(of(spec))).toEqual(expected));
  test('its name leaves room for that of a job', () => {
    expect(problems(of({}, 'x'.repeat(53)))).toEqual(['metadata.name: Invalid: must be no more than 52 characters']);
    expect(cells(of({ timeZone: 'Asia/Tokyo' }))).toEqual(['* * * * *', 'Asia/Tokyo', 'False', 0, '<none>', '10m', 'c', 'busybox', '<none>']);
  });
});
