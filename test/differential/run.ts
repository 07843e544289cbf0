/** Asks both servers everything and notes where their answers part. */
import { compareReplies, type Difference } from './compare.ts';
import { collectionOf, createCases, kindOf, NAMESPACE, updateCases } from './object-cases.ts';
import { SEEDS } from './seeds.ts';
import type { Question, Reply, Side } from './side.ts';
import { wireCases } from './wire-cases.ts';

export interface Found {
  readonly title: string;
  readonly differences: readonly Difference[];
}

interface Sides {
  readonly theirs: Side;
  readonly ours: Side;
}

export interface Wanted {
  readonly wire: boolean;
  readonly objects: boolean;
  /** Of the wire's questions those that hold this text. */
  readonly only: string;
  /** Absent: all. */
  readonly kinds?: readonly string[];
}

/** So many questions are under way at a time. */
const AT_ONCE = 4;

async function each<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const queue = list.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of queue) await act(one);
    }),
  );
}

/** @param found takes what differs, in the order of the answers @returns how many questions were asked */
export async function ask({ theirs, ours }: Sides, wanted: Wanted, found: Found[]): Promise<number> {
  let asked = 0;
  // a connection that ends is an answer too
  const reply = (side: Side, question: Question): Promise<Reply> => side.ask(question).catch((error: Error) => ({ status: 0, headers: {}, bytes: Buffer.from(error.message) }));
  const both = (question: Question): Promise<[Reply, Reply]> => Promise.all([reply(theirs, question), reply(ours, question)]);
  const send = (method: string, path: string, body?: object): Promise<unknown> => both({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const compare = async (title: string, question: Question): Promise<void> => {
    asked++;
    const differences = compareReplies(...(await both(question)));
    if (differences.length > 0) found.push({ title, differences });
  };
  const home = async (name: string): Promise<void> => {
    await send('POST', '/api/v1/namespaces', { metadata: { name } });
    await send('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  };
  if (wanted.wire) {
    await home('wire');
    const maps = '/api/v1/namespaces/wire/configmaps';
    for (const question of wireCases().filter(({ method, path }) => `${method} ${path}`.includes(wanted.only))) {
      await send('DELETE', `${maps}/one`);
      await send('POST', `${maps}?fieldManager=me`, { metadata: { name: 'one' }, data: { a: 'b' } });
      const { method, path, headers, body } = question;
      await compare(`${method} ${path} ${headers === undefined ? '' : JSON.stringify(headers)} ${body?.toString().slice(0, 200) ?? ''}`, question);
    }
  }
  if (wanted.objects) {
    await home(NAMESPACE);
    for (const seed of SEEDS.filter(({ kind }) => wanted.kinds?.includes(kind) !== false)) {
      const path = collectionOf(kindOf(seed));
      const tryAll = (cases: ReturnType<typeof createCases>): Promise<void> => each(cases, (one) => compare(`${seed.apiVersion} ${one.kind}: ${one.what}`, one));
      await tryAll(createCases(seed));
      await compare(`${seed.apiVersion} ${seed.kind}: the seed itself`, { method: 'POST', path: `${path}?fieldManager=maker`, body: JSON.stringify(seed) });
      await tryAll(updateCases(seed));
      if (seed.kind !== 'Namespace') await send('DELETE', `${path}/${seed.metadata.name}?gracePeriodSeconds=0`);
    }
  }
  return asked;
}

const VALUE_LIMIT = 700;
const LINES_OF_ONE = 12;
const short = (value: unknown): string => (value === undefined ? '-' : (JSON.stringify(value) ?? '').slice(0, VALUE_LIMIT));

/** A question a paragraph; each line is `place: theirs | ours`. */
export const report = (found: readonly Found[]): string =>
  found
    .flatMap(({ title, differences }) => [title, ...differences.slice(0, LINES_OF_ONE).map(({ path, theirs, ours }) => `    ${path}: ${short(theirs)}  |  ${short(ours)}`)])
    .map((line) => `${line}\n`)
    .join('');
