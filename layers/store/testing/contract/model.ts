/** Any sequence of calls against a model that is as simple as the promise: a list of states. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { StoreConflict, StoreExpired } from '../../errors.ts';
import type { Store, Write } from '../../port.ts';
import { ACTOR, keyOf, put, Recorder, remove, RESOURCE, told } from '../fixtures.ts';
import type { OpenStore, StoreUnderTest } from './under-test.ts';

interface Entry {
  readonly rv: number;
  readonly text: string;
  readonly label: string;
}
type State = ReadonlyMap<string, Entry>;

/** All states of a resource that there ever were, by resourceVersion, and the changes between them. */
interface Model {
  readonly states: Map<number, State>;
  readonly changes: string[];
  readonly changeRvs: number[];
  frontier: number;
  /** States below may be forgotten, but need not be. */
  floor: number;
}

const NAMES = ['a', 'b', 'b-', 'ba', '\u{ff5e}', '\u{1f600}'] as const;
const NAMESPACES = ['x', 'x-y', 'y'] as const;

const target = { namespace: fc.constantFrom(...NAMESPACES), name: fc.constantFrom(...NAMES) };
const oneWrite = fc.record({
  ...target,
  what: fc.constantFrom('put' as const, 'put' as const, 'remove' as const),
  right: fc.integer({ min: 0, max: 9 }),
  label: fc.constantFrom('0', '1'),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), writes: fc.array(oneWrite, { minLength: 1, maxLength: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      back: fc.integer({ min: 0, max: 12 }),
      limit: fc.constantFrom(undefined, 1, 2, 5),
      namespace: fc.constantFrom(undefined, undefined, ...NAMESPACES),
      name: fc.constantFrom(undefined, undefined, undefined, ...NAMES),
      label: fc.constantFrom(undefined, undefined, '1'),
      after: fc.option(fc.record(target), { nil: undefined, freq: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), back: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), ...target }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget' as const, 'reopen' as const) }) },
);
type Value<T> = T extends fc.Arbitrary<infer V> ? V : never;
type Step = Value<typeof step>;
type OneWrite = Value<typeof oneWrite>;

export function model(open: OpenStore, runs: number): void {
  test('any sequence of calls answers as the model does', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        let under = await open();
        try {
          const frontier = await under.store.frontier(RESOURCE);
          const known: Model = { states: new Map([[frontier, new Map()]]), changes: [], changeRvs: [], frontier, floor: frontier };
          for (const one of steps) under = await run(one, under, known);
          await checkWatch(under.store, known, known.frontier);
        } finally {
          await under.store.close();
        }
      }),
      { numRuns: runs },
    );
  });
}

async function run(one: Step, under: StoreUnderTest, known: Model): Promise<StoreUnderTest> {
  switch (one.do) {
    case 'commit':
      await commit(under.store, known, one.writes);
      break;
    case 'list':
      await checkList(under.store, known, one);
      break;
    case 'watch':
      await checkWatch(under.store, known, one.back);
      break;
    case 'get': {
      const object = await under.store.get(keyOf(one.name, one.namespace));
      expect(object && told(object)).toBe(known.states.get(known.frontier)!.get(`${one.namespace}/${one.name}`)?.text);
      break;
    }
    case 'forget':
      await under.forget();
      known.floor = known.frontier;
      break;
    case 'reopen':
      return (await under.reopen?.()) ?? under;
  }
  return under;
}

interface Planned {
  readonly key: string;
  readonly label: string;
  readonly ok: boolean;
  readonly write: Write;
}

function plan({ namespace, name, what, right, label }: OneWrite, now: State, frontier: number): Planned {
  const key = `${namespace}/${name}`;
  const current = now.get(key)?.rv;
  // one in ten is made for a state that is not there
  const ok = right > 0;
  const at = ok ? current : current === undefined ? frontier : undefined;
  if (what === 'remove' && at !== undefined) return { key, label, ok, write: remove({ namespace, name, at }) };
  return { key, label, ok: at === current, write: put({ namespace, name, labels: { label }, ...(at !== undefined && { at }) }) };
}

async function commit(store: Store, known: Model, wanted: readonly OneWrite[]): Promise<void> {
  const now = known.states.get(known.frontier)!;
  const writes = [...new Map(wanted.map((one) => [`${one.namespace}/${one.name}`, plan(one, now, known.frontier)])).values()];
  const good = writes.every(({ ok }) => ok);
  let rvs: readonly number[];
  try {
    rvs = await store.commit(
      writes.map(({ write }) => write),
      ACTOR,
    );
    expect(good).toBe(true);
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    expect(good).toBe(false);
    return;
  }
  let state = now;
  for (const [index, { key, label, write }] of writes.entries()) {
    const rv = rvs[index]!;
    expect(rv).toBeGreaterThan(known.frontier);
    const next = new Map(state);
    const text = `${key}@${rv}=x`;
    known.changes.push(`${write.type === 'remove' ? 'removed' : state.has(key) ? 'updated' : 'created'} ${text}`);
    known.changeRvs.push(rv);
    if (write.type === 'remove') next.delete(key);
    else next.set(key, { rv, text, label });
    state = next;
    known.states.set(rv, state);
    known.frontier = rv;
  }
  expect(await store.frontier(RESOURCE)).toBe(known.frontier);
}

/** The resourceVersion of so many changes ago. */
const ago = (known: Model, back: number): number => known.changeRvs.at(-back - 1) ?? Math.min(...known.states.keys());

async function checkList(store: Store, known: Model, query: Step & { do: 'list' }): Promise<void> {
  const rv = query.back === 0 ? known.frontier : ago(known, query.back);
  const { limit, namespace, name, label, after } = query;
  const state = [...known.states.get(rv)!]
    .map(([key, entry]) => ({ key, entry, bytes: Buffer.from(key.replace('/', '\0')) }))
    .sort((left, right) => left.bytes.compare(right.bytes))
    .filter(({ key }) => namespace === undefined || key.startsWith(`${namespace}/`))
    .filter(({ key }) => name === undefined || key.endsWith(`/${name}`))
    .filter(({ bytes }) => after === undefined || bytes.compare(Buffer.from(`${after.namespace}\0${after.name}`)) > 0)
    .filter(({ entry }) => label === undefined || entry.label === label);
  try {
    const page = await store.list({
      resource: RESOURCE,
      version: query.back === 0 ? 'latest' : { at: rv },
      ...(limit !== undefined && { limit }),
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
      ...(after !== undefined && { after }),
      ...(label !== undefined && { match: ({ labels }) => labels['label'] === label }),
    });
    expect(page.rv).toBe(rv);
    expect(page.items.map(told)).toEqual(state.slice(0, limit).map(({ entry }) => entry.text));
    expect(page.more || page.items.length === state.length).toBe(true);
    if (page.remaining !== undefined) expect(page.remaining).toBe(state.length - page.items.length);
  } catch (error) {
    if (!(error instanceof StoreExpired)) throw error;
    expect(rv).toBeLessThan(known.floor);
  }
}

async function checkWatch(store: Store, known: Model, back: number): Promise<void> {
  const after = ago(known, back);
  try {
    const recorder = await Recorder.start(store, after);
    await recorder.until(({ last, expired }) => last >= known.frontier || expired > 0);
    recorder.stop();
    expect(recorder.expired === 0 || after < known.floor).toBe(true);
    if (recorder.expired === 0) expect(recorder.told).toEqual(known.changes.filter((_, index) => known.changeRvs[index]! > after));
    expect(recorder.wrong).toEqual([]);
  } catch (error) {
    if (!(error instanceof StoreExpired)) throw error;
    expect(after).toBeLessThan(known.floor);
  }
}
