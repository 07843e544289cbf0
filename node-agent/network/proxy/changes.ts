/** From one list of destinations to the next, as the smallest nftables transaction. */
import type { Destination } from './destinations.ts';
import { chainOf, chainText, rememberChain, TABLE } from './rules.ts';

/** Elements of one kind and map go into one command: that is how nft reads thousands quickly. */
class Elements {
  readonly lists = new Map<string, string[]>();
  push(map: string, element: string): void {
    const list = this.lists.get(map);
    if (list === undefined) this.lists.set(map, [element]);
    else list.push(element);
  }
  text(verb: 'add' | 'delete'): string {
    return [...this.lists].map(([map, list]) => `${verb} element ip ${TABLE} ${map} { ${list.join(', ')} }\n`).join('');
  }
}

export interface Changes {
  /** The transaction; empty when nothing changes. */
  readonly text: string;
  /** Keys of the datagram destinations whose flows may go the old way. */
  readonly stale: ReadonlySet<string>;
  /** Destinations with affinity that lost an endpoint or the affinity: remembered clients must be looked through. */
  readonly forgetful: ReadonlySet<string>;
}

/** Every element that one destination has, as map and text. */
function elementsOf(destination: Destination): { readonly map: string; readonly element: string }[] {
  const { key, endpoints, outside, sourceRanges, masquerade, affinitySeconds, refusal } = destination;
  const list: { map: string; element: string }[] = [];
  const chain = chainOf(destination);
  if (chain !== undefined) list.push({ map: 'services', element: `${key} : goto ${chain}` });
  if (chain === undefined || outside?.length === 0) list.push({ map: 'refused', element: `${key} : ${refusal === 'drop' ? 'drop' : 'goto refuse'}` });
  for (const [index, endpoint] of endpoints.entries()) list.push({ map: 'endpoints', element: `${key} . ${index} : ${endpoint}` });
  for (const [index, endpoint] of (outside ?? []).entries()) list.push({ map: 'outside', element: `${key} . ${index} : ${endpoint}` });
  if (masquerade && chain !== undefined) list.push({ map: 'masqueraded', element: key });
  if (affinitySeconds > 0 && chain !== undefined) list.push({ map: 'affine', element: `${key} : goto ${rememberChain(destination)}` });
  if (sourceRanges !== undefined) {
    list.push({ map: 'ranged', element: key });
    for (const range of sourceRanges) list.push({ map: 'ranges', element: `${key} . ${range}` });
  }
  return list;
}

/** The same endpoints in an order that moves as few as possible: those that stay keep their number, holes are filled. */
export function keepPlaces(before: readonly string[], now: readonly string[]): readonly string[] {
  const wanted = new Set(now);
  const kept = new Set(before.filter((endpoint) => wanted.has(endpoint)));
  const fresh = now.filter((endpoint) => !kept.has(endpoint));
  const places: (string | undefined)[] = before.slice(0, now.length).map((endpoint) => (wanted.has(endpoint) ? endpoint : undefined));
  fresh.push(...before.slice(now.length).filter((endpoint) => wanted.has(endpoint)));
  while (places.length < now.length) places.push(undefined);
  return places.map((endpoint) => endpoint ?? fresh.pop()!);
}

const stable = (now: Destination, before: Destination | undefined): Destination =>
  before === undefined
    ? now
    : { ...now, endpoints: keepPlaces(before.endpoints, now.endpoints), ...(now.outside === undefined ? {} : { outside: keepPlaces(before.outside ?? [], now.outside) }) };

interface Placed {
  /** As it was asked for: the same object again means no change. */
  readonly asked: Destination;
  /** With its endpoints in the order that the table has them. */
  readonly placed: Destination;
}

export interface RuleState {
  /** What is in force, by key. */
  readonly current: ReadonlyMap<string, Placed>;
  readonly chains: ReadonlySet<string>;
}

export const EMPTY: RuleState = { current: new Map(), chains: new Set() };

export function plan(state: RuleState, wanted: readonly Destination[], clusterCIDR: string): Changes & { readonly next: RuleState } {
  const next = new Map<string, Placed>();
  const chains = new Set(state.chains);
  const added = new Elements();
  const removed = new Elements();
  const stale = new Set<string>();
  const forgetful = new Set<string>();
  let chainTexts = '';

  const ensureChain = (name: string | undefined): void => {
    if (name === undefined || chains.has(name)) return;
    chains.add(name);
    chainTexts += chainText(name, clusterCIDR);
  };
  const lost = (before: Destination, now: Destination | undefined): void => {
    const kept = new Set([...(now?.endpoints ?? []), ...(now?.outside ?? [])]);
    const gone = [...new Set([...before.endpoints, ...(before.outside ?? [])])].filter((endpoint) => !kept.has(endpoint));
    if (before.affinitySeconds > 0 && (gone.length > 0 || now?.affinitySeconds === 0)) forgetful.add(before.key);
    if (before.protocol === 'udp' && gone.length > 0) stale.add(before.key);
  };

  for (const desired of wanted) {
    const known = state.current.get(desired.key);
    if (known?.asked === desired) {
      next.set(desired.key, known);
      continue;
    }
    const before = known?.placed;
    const now = stable(desired, before);
    next.set(desired.key, { asked: desired, placed: now });
    ensureChain(chainOf(now));
    if (now.affinitySeconds > 0 && chainOf(now) !== undefined) ensureChain(rememberChain(now));
    const old = new Set(before === undefined ? [] : elementsOf(before).map(({ map, element }) => `${map} ${element}`));
    for (const { map, element } of elementsOf(now)) if (!old.delete(`${map} ${element}`)) added.push(map, element);
    for (const rest of old) removed.push(rest.slice(0, rest.indexOf(' ')), rest.slice(rest.indexOf(' ') + 1));
    if (before !== undefined) lost(before, now);
    // Datagrams sent while there was nowhere to go are remembered as going nowhere.
    if (now.protocol === 'udp' && now.endpoints.length > 0 && (before === undefined || before.endpoints.length === 0)) stale.add(now.key);
  }
  for (const [key, { placed }] of state.current) {
    if (next.has(key)) continue;
    for (const { map, element } of elementsOf(placed)) removed.push(map, element);
    lost(placed, undefined);
  }
  return { text: chainTexts + removed.text('delete') + added.text('add'), stale, forgetful, next: { current: next, chains } };
}
