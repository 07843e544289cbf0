/** Watches: where they begin, what a selector makes of a change, bookmarks, errors, the old paths. */
import { describe, expect, test, vi } from 'vitest';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { configMap, contractServer, leapingClock, mapsIn, PROTOBUF, seen, TABLE } from './support.ts';

const HISTORY_SECONDS = 60;
const { clock, pass } = leapingClock();
const server = contractServer(async () => ({
  clock,
  store: await openEmbeddedStore({ directory: ':memory:', cluster: 'contract', clock, history: { seconds: HISTORY_SECONDS } }),
}));
const MERGE = { 'content-type': 'application/merge-patch+json' };
const INITIAL_END = 'k8s.io/initial-events-end';

/** Two objects in a namespace; the resourceVersions of each and of the list. */
async function two(namespace: string): Promise<{ readonly path: string; readonly first: string; readonly second: string }> {
  const path = mapsIn(namespace);
  const versions: string[] = [];
  for (const name of ['a', 'b']) versions.push((await server().request('POST', path, configMap(name, { app: name }))).json.metadata.resourceVersion as string);
  return { path, first: versions[0]!, second: versions[1]! };
}

describe('where a watch begins', () => {
  test.each([
    ['unset', () => '', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['any', () => '&resourceVersion=0', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['after the first', (first: string) => `&resourceVersion=${first}`, ['ADDED b', 'ADDED c']],
    ['after the last', (_: string, second: string) => `&resourceVersion=${second}`, ['ADDED c']],
    ['no initial events', (_: string, second: string) => `&resourceVersion=${second}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`, ['ADDED c']],
    ['initial events, nothing of bookmarks', () => '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['initial events', () => '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', ['ADDED a', 'ADDED b', 'BOOKMARK -', 'ADDED c']],
    [
      'initial events of any state',
      () => '&sendInitialEvents=1&resourceVersion=0&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1',
      ['ADDED a', 'ADDED b', 'BOOKMARK -', 'ADDED c'],
    ],
    [
      'initial events not older than',
      (_: string, second: string) => `&sendInitialEvents=true&resourceVersion=${second}&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      ['ADDED a', 'ADDED b', 'BOOKMARK -', 'ADDED c'],
    ],
  ])('%s', async (title, query, wanted) => {
    const { path, first, second } = await two(`begin-${title.replaceAll(/[^a-z]/g, '-')}`);
    const stream = await server().watch(`${path}?watch=true${query(first, second)}`);
    await stream.until(wanted.length - 1);
    await server().request('POST', path, configMap('c'));
    await stream.until(wanted.length);
    expect(seen(stream)).toEqual(wanted);
    const bookmark = stream.events.find(({ type }) => type === 'BOOKMARK')?.object;
    if (bookmark !== undefined) {
      expect(bookmark).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { annotations: { [INITIAL_END]: 'true' } } });
      expect(Number(bookmark.metadata['resourceVersion'])).toBeGreaterThanOrEqual(Number(second));
    }
    stream.close();
  });

  test.each([
    ['sendInitialEvents=true', 'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ['sendInitialEvents=false', 'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ['sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=5', 'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"'],
    ['resourceVersionMatch=NotOlderThan&resourceVersion=5', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=abc', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
  ])('%s is invalid', async (query, message) => {
    const { status, json } = await server().request('GET', `${mapsIn('refused')}?watch=true&${query}`);
    expect([status, json.reason, json.details.kind, json.details.group]).toEqual([422, 'Invalid', 'ListOptions', 'meta.k8s.io']);
    expect(json.message).toContain(message);
  });

  test('what is no longer kept is 410, before the answer begins or in it', async () => {
    const { path, first, second } = await two('too-old');
    pass(HISTORY_SECONDS + 1);
    await server().request('POST', path, configMap('c'));
    pass(HISTORY_SECONDS - 1);
    const { status, json } = await server().request('GET', `${path}?watch=true&resourceVersion=${first}`);
    expect([status, json.reason, json.code]).toEqual([410, 'Expired', 410]);
    expect(json.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
    expect(Number(first)).toBeLessThan(Number(second));
  });
});

describe('what a selector makes of a change', () => {
  test('labels: coming into it is ADDED, leaving it DELETED with the last state that was in it under the new version', async () => {
    const path = mapsIn('transitions');
    const stream = await server().watch(`${path}?watch=true&labelSelector=team%3Done&resourceVersion=0`);
    await server().request('POST', path, configMap('x', { team: 'two' }, { step: '0' }));
    await server().request('PATCH', `${path}/x`, { metadata: { labels: { team: 'one' } }, data: { step: '1' } }, MERGE);
    await server().request('PATCH', `${path}/x`, { data: { step: '2' } }, MERGE);
    const left = await server().request('PATCH', `${path}/x`, { metadata: { labels: { team: 'two' } }, data: { step: '3' } }, MERGE);
    await server().request('PATCH', `${path}/x`, { metadata: { labels: { team: 'one' } }, data: { step: '4' } }, MERGE);
    const deleted = await server().request('DELETE', `${path}/x`);
    expect(deleted.json.status).toBe('Success');
    await stream.until(5);
    expect(stream.events.map(({ type, object }) => `${type} ${(object['data'] as Record<string, string>)['step']!}`)).toEqual([
      'ADDED 1',
      'MODIFIED 2',
      'DELETED 2',
      'ADDED 4',
      'DELETED 4',
    ]);
    expect(stream.events[2]!.object.metadata).toMatchObject({ resourceVersion: left.json.metadata.resourceVersion, labels: { team: 'one' } });
    expect(Number(stream.events[4]!.object.metadata['resourceVersion'])).toBeGreaterThan(Number(stream.events[3]!.object.metadata['resourceVersion']));
    stream.close();
  });

  test('fields, and integers that no double holds', async () => {
    const path = '/api/v1/namespaces/fields/pods';
    const big = '9007199254740993';
    const text = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"activeDeadlineSeconds":${'2147483647'},"securityContext":{"runAsUser":1,"fsGroup":1},"containers":[{"name":"c","image":"x"}],"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":${big}}]}}`;
    const made = await server().request('POST', path, text);
    expect(made.status, made.text).toBe(201);
    const stream = await server().watch(`${path}?watch=true&fieldSelector=status.phase%3DPending&resourceVersion=${made.json.metadata.resourceVersion as string}`);
    const patched = await server().request('PATCH', `${path}/p/status`, { status: { phase: 'Running' } }, MERGE);
    expect(patched.status, patched.text).toBe(200);
    await stream.until(1);
    expect(stream.events[0]!.type).toBe('DELETED');
    expect(stream.raw[0]!.toString()).toContain(`"tolerationSeconds":${big}`);
    stream.close();
  });

  test('one object by name, in one namespace', async () => {
    const path = mapsIn('one-object');
    const stream = await server().watch(`${path}?watch=true&fieldSelector=metadata.name%3Db`);
    for (const name of ['a', 'b', 'c']) await server().request('POST', path, configMap(name));
    await server().request('POST', mapsIn('another-place'), configMap('b'));
    await server().request('DELETE', `${path}/b`);
    await stream.until(2);
    expect(seen(stream)).toEqual(['ADDED b', 'DELETED b']);
    stream.close();
  });
});

describe('the stream', () => {
  test('all watchers see one order, and one that comes back with the last version it saw misses nothing and sees nothing twice', async () => {
    const path = mapsIn('order');
    const streams = await Promise.all([1, 2, 3].map(() => server().watch(`${path}?watch=true`)));
    await Promise.all(Array.from({ length: 12 }, (_, at) => server().request('POST', path, configMap(`m${at}`))));
    await Promise.all(streams.map((stream) => stream.until(12)));
    const versions = streams.map(({ events }) => events.map(({ object }) => Number(object.metadata['resourceVersion'])));
    expect(versions[1]).toEqual(versions[0]);
    expect(versions[2]).toEqual(versions[0]);
    expect(versions[0]).toEqual(versions[0]!.toSorted((a, b) => a - b));
    const again = await server().watch(`${path}?watch=true&resourceVersion=${versions[0]![5]!}`);
    await again.until(6);
    expect(again.events.map(({ object }) => Number(object.metadata['resourceVersion']))).toEqual(versions[0]!.slice(6));
    for (const stream of [...streams, again]) stream.close();
  });

  test('bookmarks come every minute and before the end, only to those who ask; the end is a clean one', async () => {
    const { path } = await two('bookmarks');
    const asked = await server().watch(`${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=120`);
    const not = await server().watch(`${path}?watch=true&timeoutSeconds=120`);
    await asked.until(2);
    await not.until(2);
    await server().request('PATCH', `${mapsIn('bookmarks')}/a`, { data: { x: '1' } }, MERGE);
    await asked.until(3);
    for (let step = 0; step < 8; step++) {
      pass(16);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const kinds = seen(asked);
    expect(kinds.slice(0, 3)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a']);
    expect(kinds.slice(3).length).toBeGreaterThan(0);
    expect(new Set(kinds.slice(3))).toEqual(new Set(['BOOKMARK -']));
    expect(Number(asked.events.at(-1)!.object.metadata['resourceVersion'])).toBeGreaterThanOrEqual(Number(asked.events[2]!.object.metadata['resourceVersion']));
    expect(seen(not)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a']);
    expect([asked.ended, not.ended]).toEqual([true, true]);
  });

  test.each([
    ['/api/v1/watch/namespaces/old-paths/configmaps', ['ADDED a', 'ADDED b']],
    ['/api/v1/watch/namespaces/old-paths/configmaps/b', ['ADDED b']],
    ['/api/v1/watch/configmaps?labelSelector=old', ['ADDED a', 'ADDED b']],
    ['/api/v1/namespaces/old-paths/configmaps?watch', ['ADDED a', 'ADDED b']],
    ['/api/v1/namespaces/old-paths/configmaps?watch=1', ['ADDED a', 'ADDED b']],
    ['/api/v1/namespaces/old-paths/configmaps?watch=True', ['ADDED a', 'ADDED b']],
  ])('%s', async (path, wanted) => {
    for (const name of ['a', 'b']) await server().request('POST', mapsIn('old-paths'), configMap(name, { old: 'yes' }));
    const stream = await server().watch(path);
    await stream.until(wanted.length);
    expect(seen(stream)).toEqual(wanted);
    stream.close();
  });

  test('an object asked for by its path is the object, whatever the query says of watching', async () => {
    await server().request('POST', mapsIn('named'), configMap('a'));
    const { status, json } = await server().request('GET', `${mapsIn('named')}/a?watch=true`);
    expect([status, json.kind]).toEqual([200, 'ConfigMap']);
  });

  test('tables name their columns in the first event only; partial objects have metadata only; protobuf comes in frames with a length', async () => {
    const { path } = await two('forms');
    const table = await server().watch(`${path}?watch=true`, { accept: TABLE });
    await table.until(2);
    expect(table.events.map(({ object }) => [object['kind'], (object['columnDefinitions'] as unknown[] | null)?.length ?? 0])).toEqual([
      ['Table', 3],
      ['Table', 0],
    ]);
    const partial = await server().watch(`${path}?watch=true`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' });
    await partial.until(1);
    expect(Object.keys(partial.events[0]!.object).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
    const answer = await server().watch(`${path}?watch=true`, { accept: `${PROTOBUF};stream=watch` });
    await vi.waitFor(() => expect(answer.raw.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
    for (const frame of answer.raw) {
      expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
      expect(frame.indexOf('k8s\0')).toBeGreaterThan(0);
    }
    for (const stream of [table, partial, answer]) stream.close();
  });
});
