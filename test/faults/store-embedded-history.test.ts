/** The embedded engine under the same judge as the one on DynamoDB, killed again and again. Longer: `npm run soak:store`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { check } from '#store/testing/history/check.ts';
import { killedHistories } from './store/history-kills.ts';

test('histories of the embedded store keep every promise when its process is killed in the middle', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-history-'));
  try {
    const { wrong, acknowledged, events } = await killedHistories(directory, { rounds: 3, operations: 6_000, seed: 1 });
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(events).toBeGreaterThanOrEqual(18_000);
    expect(acknowledged).toBeGreaterThan(3_000);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the judge sees a lost write, a hole, a stale list and a refused write that was made', () => {
  const entry = (rv: number, type: 'created' | 'updated', mark: string) => ({ rv, type, key: 'n/a', mark, value: '' });
  const written = (mark: string, read: number, rv: number, outcome: 'done' | 'conflict' = 'done') => ({
    kind: 'write' as const,
    asked: rv * 10,
    answered: rv * 10 + 5,
    mark,
    outcome,
    writes: [{ resource: 'pods', key: 'n/a', type: 'put' as const, read, ...(outcome === 'done' && { rv }) }],
  });
  const log = [entry(2, 'created', 'x'), entry(3, 'updated', 'y')];
  const good = [written('x', 0, 2), written('y', 2, 3)];
  expect(check(good, new Map([['pods', log]]))).toEqual([]);
  expect(check(good, new Map([['pods', log.slice(0, 1)]]))).toEqual([expect.stringContaining('was acknowledged, and the log has nothing there')]);
  expect(check([good[0]!, written('y', 2, 3, 'conflict')], new Map([['pods', log]]))).toEqual(['y was refused and is in the log']);
  expect(check([...good, { kind: 'watch', watcher: 'w', resource: 'pods', after: 1, changes: [log[1]!] }], new Map([['pods', log]]))).toHaveLength(1);
  expect(check([...good, { kind: 'list', asked: 100, answered: 101, resource: 'pods', rv: 2, latest: true, items: ['n/a@2=x'] }], new Map([['pods', log]]))).toEqual([
    'pods: a list at 2 was asked when 3 was known',
  ]);
});
