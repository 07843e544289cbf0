/** Lists: which state they speak of, paging, and what is refused (the list half of Kubernetes' table of resourceVersion semantics). */
import { beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import { configMap, contractServer, leapingClock, mapsIn } from './support.ts';

const HISTORY_SECONDS = 60;
const { clock, pass } = leapingClock();
const server = contractServer(async () => ({
  clock,
  store: await openEmbeddedStore({ directory: ':memory:', cluster: 'contract', clock, history: { seconds: HISTORY_SECONDS } }),
}));

const MAPS = mapsIn('lists');
interface Listed {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}
const list = async (query: string): Promise<Listed> => {
  const answer = await server().request('GET', `${MAPS}?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Listed;
};
const names = ({ items }: Listed): string => items.map(({ metadata }) => metadata.name).join(' ');
/** The list's resourceVersion after the first two of four objects, and after all of them. */
let two = '';
let four = '';

beforeAll(async () => {
  for (const name of ['a', 'b']) await server().request('POST', MAPS, configMap(name, { half: 'first' }));
  two = (await list('')).metadata.resourceVersion;
  for (const name of ['c', 'd']) await server().request('POST', MAPS, configMap(name, { half: 'second' }));
  four = (await list('')).metadata.resourceVersion;
});

describe('which state a list speaks of', () => {
  test.each([
    ['nothing asked', () => '', 'a b c d'],
    ['any', () => 'resourceVersion=0', 'a b c d'],
    ['any, said twice', () => 'resourceVersion=0&resourceVersionMatch=NotOlderThan', 'a b c d'],
    ['not older than an old version', () => `resourceVersion=${two}`, 'a b c d'],
    ['the same in words', () => `resourceVersion=${two}&resourceVersionMatch=NotOlderThan`, 'a b c d'],
    ['the same in words with a limit', () => `resourceVersion=${two}&resourceVersionMatch=NotOlderThan&limit=10`, 'a b c d'],
    ['exactly an old version', () => `resourceVersion=${two}&resourceVersionMatch=Exact`, 'a b'],
    ['exactly, as a limit says without words', () => `resourceVersion=${two}&limit=10`, 'a b'],
    ['exactly the newest', () => `resourceVersion=${four}&resourceVersionMatch=Exact`, 'a b c d'],
  ])('%s', async (_, query, wanted) => {
    const listed = await list(query());
    expect(names(listed)).toBe(wanted);
    expect(listed.metadata.resourceVersion).toBe(wanted === 'a b' ? two : four);
  });

  test.each([
    ['resourceVersionMatch=Exact', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['resourceVersionMatch=NotOlderThan', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['resourceVersion=0&resourceVersionMatch=Exact', 'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ['resourceVersion=5&resourceVersionMatch=Newest', 'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""'],
    ['resourceVersion=5&resourceVersionMatch=Exact&continue=abc', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
    ['sendInitialEvents=true', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
    ['sendInitialEvents=false&resourceVersion=0&resourceVersionMatch=NotOlderThan', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
  ])('%s is invalid', async (query, message) => {
    const { status, json } = await server().request('GET', `${MAPS}?${query}`);
    expect([status, json.reason, json.details.kind, json.details.group]).toEqual([422, 'Invalid', 'ListOptions', 'meta.k8s.io']);
    expect(json.message).toContain(message);
  });

  test.each([
    ['resourceVersion=abc', 400, 'abc'],
    ['resourceVersion=-1', 400, '-1'],
    ['limit=many', 400, 'many'],
    ['labelSelector=a%3D%3D%3Db', 400, 'unable to parse requirement'],
    ['fieldSelector=metadata.name', 400, 'metadata.name'],
    ['fieldSelector=spec.color%3Dred', 400, 'spec.color'],
    ['continue=not-a-token', 400, 'continue key is not valid'],
  ])('%s is a bad request', async (query, code, text) => {
    const { status, json } = await server().request('GET', `${MAPS}?${query}`);
    expect([status, json.reason]).toEqual([code, 'BadRequest']);
    expect(json.message).toContain(text);
  });

  test('a version that is not there yet is a timeout that says so', async () => {
    const paths = [`${MAPS}?resourceVersion=999999`, `${MAPS}?resourceVersion=999999&resourceVersionMatch=Exact`, `${MAPS}/a?resourceVersion=999999`];
    const wait = { over: false };
    const answers = Promise.all(paths.map((path) => server().request('GET', path))).finally(() => (wait.over = true));
    // it might come yet: that is waited for
    for (; !wait.over; await new Promise((resolve) => setTimeout(resolve, 5))) pass(1);
    for (const { status, json, headers } of await answers) {
      expect([status, json.reason, json.details.causes[0].reason, json.details.retryAfterSeconds, headers['retry-after']]).toEqual([
        504,
        'Timeout',
        'ResourceVersionTooLarge',
        1,
        '1',
      ]);
      expect(json.message).toMatch(/^Too large resource version: 999999, current: \d+$/);
    }
  });

  test('one object: the newest, any, or not older', async () => {
    for (const query of ['', '?resourceVersion=0', `?resourceVersion=${two}`, '?resourceVersion='])
      expect((await server().request('GET', `${MAPS}/d${query}`)).json.metadata.name).toBe('d');
  });
});

describe('pages', () => {
  test('all pages are of one state, whatever happens between them', async () => {
    const first = await list('limit=2');
    expect([names(first), first.metadata.remainingItemCount]).toEqual(['a b', 2]);
    const patched = await server().request('PATCH', `${MAPS}/c`, { data: { changed: 'yes' } }, { 'content-type': 'application/merge-patch+json' });
    expect(patched.status).toBe(200);
    const second = await list(`limit=2&continue=${first.metadata.continue!}`);
    expect([names(second), second.metadata.continue, second.metadata.remainingItemCount]).toEqual(['c d', undefined, undefined]);
    expect(second.items[0]).not.toHaveProperty('data');
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('a token is base64url of what Kubernetes puts into it, and may come with version 0 but with no other', async () => {
    const { metadata } = await list('limit=1');
    const token = JSON.parse(Buffer.from(metadata.continue!, 'base64url').toString()) as Record<string, unknown>;
    expect(metadata.continue).not.toContain('=');
    expect(token['v']).toBe('meta.k8s.io/v1');
    expect(String(token['rv'])).toBe(metadata.resourceVersion);
    expect(names(await list(`limit=1&resourceVersion=0&continue=${metadata.continue!}`))).toBe('b');
    const refused = await server().request('GET', `${MAPS}?limit=1&resourceVersion=${two}&continue=${metadata.continue!}`);
    expect([refused.status, refused.json.message]).toEqual([400, 'specifying resource version is not allowed when using continue']);
  });

  test('what remains is not counted where a selector is', async () => {
    expect((await list('limit=1&labelSelector=half')).metadata).not.toHaveProperty('remainingItemCount');
    expect((await list('limit=1&fieldSelector=metadata.name!%3Db')).metadata).not.toHaveProperty('remainingItemCount');
  });

  test('pages of a selection hold what matches and no more pages than that takes', async () => {
    const first = await list('limit=1&labelSelector=half%3Dsecond');
    const second = await list(`limit=1&labelSelector=half%3Dsecond&continue=${first.metadata.continue!}`);
    expect([names(first), names(second)]).toEqual(['c', 'd']);
    if (second.metadata.continue !== undefined) expect(names(await list(`limit=1&labelSelector=half%3Dsecond&continue=${second.metadata.continue}`))).toBe('');
  });

  test('a token that is too old is 410 with another that goes on in what is there now', async () => {
    const first = await list('limit=1');
    const old = first.metadata.resourceVersion;
    pass(HISTORY_SECONDS + 1);
    // what was there a minute ago can be told from what came since
    await server().request('POST', MAPS, configMap('e'));
    pass(HISTORY_SECONDS + 1);
    const expired = await server().request('GET', `${MAPS}?limit=1&continue=${first.metadata.continue!}`);
    expect([expired.status, expired.json.reason, expired.json.code]).toEqual([410, 'Expired', 410]);
    expect(expired.json.message).toContain('The provided continue parameter is too old to display a consistent list result.');
    const rest = await list(`continue=${expired.json.metadata.continue as string}`);
    expect(names(rest)).toBe('b c d e');
    expect(rest.metadata.resourceVersion).not.toBe(old);
    const exact = await server().request('GET', `${MAPS}?resourceVersion=${old}&resourceVersionMatch=Exact`);
    expect([exact.status, exact.json.reason]).toEqual([410, 'Expired']);
  });
});
