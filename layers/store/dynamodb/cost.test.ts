/** What each operation consumes, held to docs/cost.md. `WRITE_COST=1` writes the table anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import type { Put } from '../port.ts';
import { ACTOR, Recorder } from '../testing/fixtures.ts';
import { openDynamoStore, type DynamoOptions, type DynamoStore } from './store.ts';
import { ATTEMPT, localTable, type LocalTable } from './testing/local.ts';
import { meter, type Consumed, type Meter } from './testing/meter.ts';
import { createMovingClock } from './testing/moving-clock.ts';
import { eventBody, leaseBody, podBody } from './testing/objects.ts';

const PAGE = join(repositoryRoot, 'docs', 'cost.md');
const [BEGIN, END] = ['<!-- written by layers/store/dynamodb/cost.test.ts -->', '<!-- end -->'];
/** Dollars for a million units, on demand, us-east-1. */
const WRITE = 0.625;
const READ = 0.125;

const row = (what: string, { requests, writes, reads }: Consumed): string => `| ${what} | ${requests} | ${writes} | ${reads} | ${(writes * WRITE + reads * READ).toFixed(2)} |`;

describe.skipIf(skipWithoutDynamodbLocal('the cost of operations on DynamoDB'))('what operations on DynamoDB cost', { timeout: 180_000 }, () => {
  let local: LocalTable;
  beforeAll(async () => {
    local = await localTable();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  test('is what docs/cost.md says', async () => {
    const clock = createMovingClock();
    const open = (): { store: DynamoStore; used: Meter } => {
      const client: DynamoOptions['client'] = local.client();
      const used = meter(client);
      // polls are asked for one by one
      return {
        used,
        store: openDynamoStore({ client, table: local.table, cluster: 'cost', clock, random: Math.random, times: { attempt: ATTEMPT, poll: { least: 3600_000, most: 3600_000 } } }),
      };
    };
    const rows: string[] = [];
    const { store, used } = open();
    const pod = (name: string, at?: number, node = 'node-1'): Put => ({
      type: 'put',
      key: { resource: 'pods', namespace: 'default', name },
      if: at === undefined ? { absent: true } : { rv: at },
      uid: name,
      labels: { app: 'web', tier: 'front', 'pod-template-hash': '7d4b9c6f5' },
      fields: { 'spec.nodeName': node, 'status.phase': 'Running' },
      body: (rv) => podBody(name, rv, node),
    });
    const key = (name: string) => ({ resource: 'pods', namespace: 'default', name });
    const commit = async (put: Put): Promise<number> => (await store.commit([put], ACTOR))[0]!;
    // the first writes of a resource also enter it in the register
    for (let index = 0; index < 100; index++) await commit(pod(`web-7d4b9c6f5-${String(index).padStart(5, '0')}`, undefined, ''));
    used.take();
    const measure = async <Answer>(what: string, work: () => Promise<Answer>): Promise<Answer> => {
      const answer = await work();
      rows.push(row(what, used.take()));
      return answer;
    };

    const a = await measure('create a pod', async () => commit(pod('a', undefined, '')));
    await measure('get a pod', async () => store.get(key('a')));
    const bound = await measure("bind it to a node (with its entry in the node's work)", async () => commit(pod('a', a)));
    const status = await measure('update its status, read just before', async () => commit(pod('a', bound)));
    const other = open();
    await other.store.commit([pod('a', status)], ACTOR);
    rows.push(row('update its status, not read before in this process', other.used.take()));
    await measure('update it at an old resourceVersion: a conflict', async () => commit(pod('a', status)).catch(() => {}));
    const current = (await store.get(key('a')))!.rv;
    used.take();
    await measure('remove it', async () => store.commit([{ type: 'remove', key: key('a'), if: { rv: current }, body: (rv) => podBody('a', rv) }], ACTOR));
    const event = { ...pod('e'), key: { resource: 'events', namespace: 'default', name: 'e' }, labels: {}, fields: {}, body: (rv: number) => eventBody('e', rv) };
    for (let index = 0; index < 10; index++) await commit({ ...event, key: { ...event.key, name: `e${index}` } });
    used.take();
    await measure('create an event', async () => commit(event));
    const lease = {
      ...pod('n'),
      key: { resource: 'leases.coordination.k8s.io', namespace: 'kube-node-lease', name: 'node-1' },
      labels: {},
      fields: {},
      body: (rv: number) => leaseBody('node-1', rv),
    };
    const first = await commit(lease);
    used.take();
    await measure('renew a lease', async () => commit({ ...lease, if: { rv: first } }));
    await store.list({ resource: 'pods', version: 'latest' });
    used.take();
    await measure('list 100 pods of all namespaces', async () => store.list({ resource: 'pods', version: 'latest' }));
    await measure('list 100 pods of one namespace', async () => store.list({ resource: 'pods', namespace: 'default', version: 'latest' }));
    const page = await measure('a page of 10 of them', async () => store.list({ resource: 'pods', namespace: 'default', version: 'latest', limit: 10 }));
    await measure('the next page', async () => store.list({ resource: 'pods', namespace: 'default', version: { at: page.rv }, after: page.items.at(-1)!.key, limit: 10 }));
    await measure('list an empty namespace', async () => store.list({ resource: 'pods', namespace: 'empty', version: 'latest' }));

    const look = open();
    const quiet = await Recorder.start(look.store, await look.store.frontier('pods'), 'pods');
    look.used.take();
    let looked: Consumed | undefined;
    look.store.wake('pods');
    await expect
      .poll(
        () => {
          const taken = look.used.take();
          if (taken.requests > 0) looked = taken;
          return looked !== undefined;
        },
        { timeout: 60_000 },
      )
      .toBe(true);
    rows.push(row('a watch, each look while nothing happens (every second, or as often as set)', looked!));
    const written = await commit(pod('b'));
    used.take();
    await look.store.frontier('pods');
    await quiet.reached(written);
    rows.push(row('a watch in another process, a look that finds a change', look.used.take()));
    const cold = open();
    await cold.store.list({ resource: 'pods', namespace: 'empty', version: 'latest' });
    rows.push(row('the first list of a resource in a process (reads where the log is, and up to 64 changes)', cold.used.take()));
    for (const one of [store, other.store, look.store, cold.store]) await one.close();

    const table = ['| operation | requests | write units | read units | $ for a million |', '|---|---|---|---|---|', ...rows].join('\n');
    const text = readFileSync(PAGE, 'utf8');
    const [before, rest] = text.split(BEGIN) as [string, string];
    const after = rest.slice(rest.indexOf(END));
    if (process.env['WRITE_COST'] !== undefined) {
      writeFileSync(PAGE, `${before}${BEGIN}\n${table}\n${after}`);
      return;
    }
    expect(rest.slice(0, rest.indexOf(END)).trim()).toBe(table);
  });
});
