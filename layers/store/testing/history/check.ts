/**
 * Judges a recorded history against the promises of the Store port. All of it is linear, because resourceVersions order the writes:
 * nothing has to be searched for, as a general checker of linearizability would have to.
 */
import { itemText, type Entry, type Event, type Got, type Listed, type Logs, type Watched, type Written } from './history.ts';

export interface CheckOptions {
  /** Keys whose value must grow by one with each write. */
  readonly counters?: ReadonlySet<string>;
  /** Some who wrote were killed before they could say so: the log may hold writes that are in no history. */
  readonly killed?: boolean;
}

/** What is wrong, in words; empty where nothing is. */
export function check(history: readonly Event[], logs: Logs, { counters = new Set(), killed = false }: CheckOptions = {}): string[] {
  const writes = history.filter((event) => event.kind === 'write');
  const lists = history.filter((event) => event.kind === 'list');
  const gets = history.filter((event) => event.kind === 'get');
  const watches = history.filter((event) => event.kind === 'watch');
  return [
    ...[...logs].flatMap(([resource, log]) => logMakesSense(resource, log, counters)),
    ...acknowledgedIsThere(writes, logs),
    ...onlyWhatWasWritten(writes, logs, killed),
    ...watches.flatMap((watch) => watchIsTheLog(watch, logs.get(watch.resource) ?? [])),
    ...watchersGoOn(watches),
    ...[...logs].flatMap(([resource, log]) => [
      ...listsAreSnapshots(
        resource,
        lists.filter((list) => list.resource === resource),
        log,
      ),
      ...listsAreNew(
        resource,
        lists.filter((list) => list.resource === resource && list.latest),
        writes,
      ),
      ...getsAreNew(
        resource,
        gets.filter((get) => get.resource === resource),
        log,
        writes,
      ),
    ]),
  ];
}

function logMakesSense(resource: string, log: readonly Entry[], counters: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const alive = new Map<string, Entry>();
  let last = 0;
  for (const entry of log) {
    const { rv, type, key, value } = entry;
    if (rv <= last) wrong.push(`${resource}: ${rv} stands behind ${last} in the log`);
    last = rv;
    const before = alive.get(key);
    if ((before === undefined) !== (type === 'created'))
      wrong.push(`${resource}: ${type} ${key}@${rv} makes no sense after ${before === undefined ? 'nothing' : itemText(before)}`);
    if (counters.has(key) && Number(value) !== Number(before?.value ?? 0) + 1) wrong.push(`${resource}: counter ${key}@${rv} went from ${before?.value ?? 0} to ${value}`);
    if (type === 'removed') alive.delete(key);
    else alive.set(key, entry);
  }
  return wrong;
}

/** What was acknowledged stands in the log, as it was acknowledged, in the place of what it was made for. */
function acknowledgedIsThere(writes: readonly Written[], logs: Logs): string[] {
  const wrong: string[] = [];
  const byRv = new Map([...logs].map(([resource, log]) => [resource, new Map(log.map((entry) => [entry.rv, entry]))]));
  const previous = new Map([...logs].map(([resource, log]) => [resource, previousOf(log)]));
  for (const { outcome, mark, writes: told } of writes) {
    if (outcome !== 'done') continue;
    for (const { resource, key, rv, type, read } of told) {
      const entry = byRv.get(resource)?.get(rv!);
      if (entry === undefined || entry.key !== key || entry.mark !== mark || (entry.type === 'removed') !== (type === 'remove')) {
        wrong.push(`${resource}: ${type} ${key}@${rv}=${mark} was acknowledged, and the log has ${entry === undefined ? 'nothing' : `${entry.type} ${itemText(entry)}`} there`);
        continue;
      }
      const before = previous.get(resource)!.get(rv!) ?? 0;
      if (before !== read) wrong.push(`${resource}: ${key}@${rv} was written for the state at ${read}, and replaced the one at ${before}`);
    }
  }
  return wrong;
}

/** For each resourceVersion the one that the same object had before; nothing where there was no object. */
function previousOf(log: readonly Entry[]): Map<number, number> {
  const alive = new Map<string, number>();
  const previous = new Map<number, number>();
  for (const { rv, key, type } of log) {
    const before = alive.get(key);
    if (before !== undefined) previous.set(rv, before);
    if (type === 'removed') alive.delete(key);
    else alive.set(key, rv);
  }
  return previous;
}

/** Every entry was asked for, once, and not refused; the writes of one commit are all there or none. */
function onlyWhatWasWritten(writes: readonly Written[], logs: Logs, killed: boolean): string[] {
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  for (const log of logs.values()) for (const { mark } of log) seen.set(mark, (seen.get(mark) ?? 0) + 1);
  for (const { mark, outcome, writes: told } of writes) {
    const count = seen.get(mark) ?? 0;
    seen.delete(mark);
    if (outcome === 'conflict' && count > 0) wrong.push(`${mark} was refused and is in the log`);
    if (count !== 0 && count !== told.length) wrong.push(`${mark} is in the log ${count} times and was ${told.length} writes`);
  }
  if (!killed) for (const mark of seen.keys()) wrong.push(`${mark} is in the log and nobody wrote it`);
  return wrong;
}

/** The same entries in the same order, without a hole and without a double. */
function watchIsTheLog({ watcher, resource, after, changes }: Watched, log: readonly Entry[]): string[] {
  const last = changes.at(-1)?.rv;
  if (last === undefined) return [];
  const expected = log.filter(({ rv }) => rv > after && rv <= last);
  for (const [index, entry] of expected.entries()) {
    const told = changes[index];
    if (told === undefined || told.rv !== entry.rv || told.type !== entry.type || told.key !== entry.key || told.mark !== entry.mark) {
      return [`${resource}: ${watcher} was told ${told === undefined ? 'nothing' : `${told.type} ${itemText(told)}`} where the log has ${entry.type} ${itemText(entry)}`];
    }
  }
  return changes.length === expected.length ? [] : [`${resource}: ${watcher} was told ${changes.length - expected.length} changes more than there are`];
}

/** A watch that came back began where the one before it ended. */
function watchersGoOn(watches: readonly Watched[]): string[] {
  const wrong: string[] = [];
  const last = new Map<string, number>();
  for (const { watcher, resource, after, changes } of watches) {
    const before = last.get(watcher);
    if (before !== undefined && before !== after) wrong.push(`${resource}: ${watcher} came back at ${after} and had seen ${before}`);
    last.set(watcher, changes.at(-1)?.rv ?? after);
  }
  return wrong;
}

/** What a list says is what the log leaves at its resourceVersion. */
function listsAreSnapshots(resource: string, lists: readonly Listed[], log: readonly Entry[]): string[] {
  const wrong: string[] = [];
  const alive = new Map<string, string>();
  let next = 0;
  for (const list of lists.toSorted((left, right) => left.rv - right.rv)) {
    for (; next < log.length && log[next]!.rv <= list.rv; next++) {
      const entry = log[next]!;
      if (entry.type === 'removed') alive.delete(entry.key);
      else alive.set(entry.key, itemText(entry));
    }
    const listed = new Set(list.items);
    const missing = [...alive.values()].find((text) => !listed.has(text));
    if (missing !== undefined) wrong.push(`${resource}: a list at ${list.rv} misses ${missing}`);
    else if (list.items.length !== alive.size) wrong.push(`${resource}: a list at ${list.rv} has ${list.items.length} objects, and there were ${alive.size}`);
  }
  return wrong;
}

/** A list holds what was acknowledged before it was asked, and no list goes back behind one that was answered before. */
function listsAreNew(resource: string, lists: readonly Listed[], writes: readonly Written[]): string[] {
  const wrong: string[] = [];
  const known = [
    ...writes.flatMap(({ outcome, answered, writes: told }) =>
      outcome === 'done' ? told.filter((one) => one.resource === resource).map(({ rv }) => ({ at: answered, rv: rv! })) : [],
    ),
    ...lists.map(({ answered, rv }) => ({ at: answered, rv })),
  ].toSorted((left, right) => left.at - right.at);
  let next = 0;
  let newest = 0;
  for (const { asked, rv } of lists.toSorted((left, right) => left.asked - right.asked)) {
    for (; next < known.length && known[next]!.at < asked; next++) newest = Math.max(newest, known[next]!.rv);
    if (rv < newest) wrong.push(`${resource}: a list at ${rv} was asked when ${newest} was known`);
  }
  return wrong;
}

/** A read shows a state that was there at some time between question and answer. */
function getsAreNew(resource: string, gets: readonly Got[], log: readonly Entry[], writes: readonly Written[]): string[] {
  const wrong: string[] = [];
  const answered = new Map<number, number>();
  for (const { outcome, answered: at, writes: told } of writes) if (outcome === 'done') for (const one of told) if (one.resource === resource) answered.set(one.rv!, at);
  const states = new Map<string, Entry[]>();
  for (const entry of log) {
    const list = states.get(entry.key);
    if (list === undefined) states.set(entry.key, [entry]);
    else list.push(entry);
  }
  for (const { key, rv, asked, answered: told } of gets) {
    const entries = states.get(key) ?? [];
    if (rv !== 0 && !entries.some((entry) => entry.rv === rv && entry.type !== 'removed')) {
      wrong.push(`${resource}: a read saw ${key}@${rv}, which never was`);
      continue;
    }
    // the newest state that was acknowledged before the question; a read may see it, or anything after it
    let oldest = -1;
    for (const [index, entry] of entries.entries()) if ((answered.get(entry.rv) ?? Infinity) < asked) oldest = index;
    const from = Math.max(0, oldest);
    const possible = entries.slice(from).some((entry) => (rv === 0 ? entry.type === 'removed' : entry.rv === rv));
    const nothingYet = rv === 0 && oldest === -1;
    if (!possible && !nothingYet) wrong.push(`${resource}: a read of ${key} saw ${rv} at ${told}, and ${entries[from]?.rv} was known`);
  }
  return wrong;
}
