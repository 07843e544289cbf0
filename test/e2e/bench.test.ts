/** The bench itself, in its short form: that its rows come out. How fast anything is, a test run on whatever machine cannot tell. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bench } from '../bench/main.ts';
import { testCluster } from '../helpers/cluster.ts';

const NUMBERS: Readonly<Record<string, RegExp>> = {
  'api-ready': /^[\d.]+ s$/,
  'cluster-ready': /^[\d.]+ s$/,
  'memory-fresh': /^\d+ MiB$/,
  'decode-json': /^[\d.]+ µs \([\d.]+ to [\d.]+\)$/,
  'decode-protobuf': /^[\d.]+ µs \(/,
  validate: /^[\d.]+ µs \(/,
  'create-1': /^p50 [\d.]+ ms, p99 [\d.]+ ms, CPU /,
  'create-64': /^[\d,]+\/s, p50 /,
  'create-pod': /^[\d,]+\/s, p50 /,
  get: /^[\d,]+\/s, p50 /,
  patch: /^[\d,]+\/s, p50 /,
  apply: /^[\d,]+\/s, p50 /,
  list: /^p50 [\d.]+ ms, /,
  page: /^[\d,]+\/s, p50 /,
  pages: /^[\d,]+\/s, p50 /,
  watch: /^p50 [\d.]+ ms, p99 [\d.]+ ms, CPU \d+ µs an event$/,
  delete: /^[\d,]+\/s, p50 /,
  'memory-after': /^\d+ MiB$/,
  held: /^-?\d+ MiB$/,
  'list-50000': /^grew by \d+ MiB, \d+ MB in [\d.]+ s$/,
};

test('a cluster of its own: started, measured, gone', async () => {
  const lines: string[] = [];
  const results = await bench({ short: true, told: (line) => lines.push(line) });
  expect(results.map(({ row }) => row.id)).toEqual(Object.keys(NUMBERS));
  for (const { row, outcomes } of results) {
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]!.failed, `${row.id}: ${outcomes[0]!.text}`).toBe(0);
    expect(outcomes[0]!.text).toMatch(NUMBERS[row.id]!);
  }
  expect(lines.join('\n').split('\n')).toHaveLength(results.length + 2);
});

test('two clusters side by side, and nothing left behind', async () => {
  const cluster = testCluster(0);
  try {
    expect((await cluster.start()).code).toBe(0);
    const [result] = await bench({ kubeconfig: cluster.kubeconfig, against: cluster.kubeconfig, rows: ['get'], short: true });
    expect(result!.outcomes.map(({ failed }) => failed)).toEqual([0, 0]);
    expect(await cluster.ok(['get', 'namespaces', '-o', 'name'])).not.toContain('bench');
    await expect(bench({ kubeconfig: cluster.kubeconfig, rows: ['got'] })).rejects.toThrow('no row "got"');
  } finally {
    await cluster.stop();
  }
  expect(existsSync(cluster.dataDir)).toBe(false);
});
