/** Objects in key order out of the stripes, a piece at a time. What it reads is not a snapshot: the log makes it one (lists.ts). */
import { compareUtf8 } from '../embedded/keys.ts';
import { fromSortKey, type Partitions, sortKey } from './keys.ts';
import type { Reader } from './reader.ts';
import type { Item } from './records.ts';

export interface Position {
  readonly namespace: string;
  readonly name: string;
}

/** Sorts above every character that a name or a namespace begins with. */
export const END = '\u{10ffff}';
/** Sorts right above the blank between namespace and name. */
export const BEHIND_BLANK = '!';

export const order = (left: Position, right: Position): number => compareUtf8(left.namespace, right.namespace) || compareUtf8(left.name, right.name);

interface Stripe {
  readonly pk: string;
  items: Item[];
  next: Item | undefined;
  ended: boolean;
}

export class Scan {
  readonly #reader: Reader;
  readonly #range: { readonly low: string; readonly high: string };
  readonly #after: string | undefined;
  readonly #stripes: readonly Stripe[];
  readonly #piece: number | undefined;

  constructor(reader: Reader, partitions: Partitions, query: { readonly namespace: string | undefined; readonly after: Position | undefined; readonly piece: number | undefined }) {
    const { namespace, after, piece } = query;
    this.#reader = reader;
    this.#piece = piece;
    const behind = after !== undefined && (namespace === undefined || after.namespace === namespace) ? sortKey(after.namespace, after.name) : undefined;
    this.#after = behind;
    this.#range = { low: behind ?? (namespace === undefined ? ' ' : `${namespace} `), high: namespace === undefined ? END : `${namespace}${BEHIND_BLANK}` };
    // a page that begins behind the namespace asked for has nothing in it
    const over = namespace !== undefined && after !== undefined && behind === undefined && compareUtf8(after.namespace, namespace) > 0;
    const partitionKeys = over ? [] : namespace === undefined ? partitions.objects : [partitions.of(namespace)];
    this.#stripes = partitionKeys.map((pk) => ({ pk, items: [], next: undefined, ended: false }));
  }

  get ended(): boolean {
    return this.#stripes.every(({ ended, items }) => ended && items.length === 0);
  }

  /** The next items in key order, about a piece of them; none only at the end. */
  async next(): Promise<readonly Item[]> {
    const found: Item[] = [];
    while (found.length === 0 && !this.ended) {
      await Promise.all(this.#stripes.filter(({ ended, items }) => !ended && items.length === 0).map(async (stripe) => this.#read(stripe)));
      // up to the last key that every stripe has been read to, the order is known
      const open = this.#stripes.filter(({ ended }) => !ended);
      const limit = open
        .map(({ items }) => items.at(-1))
        .reduce<Position | undefined>((least, item) => {
          const position = item && fromSortKey(item['sk']!.S!);
          return position === undefined || (least !== undefined && order(least, position) <= 0) ? least : position;
        }, undefined);
      const known = open.some(({ items }) => items.length === 0) ? [] : this.#stripes;
      for (const stripe of known) {
        const behind = limit === undefined ? -1 : stripe.items.findIndex((item) => order(fromSortKey(item['sk']!.S!), limit) > 0);
        const count = behind === -1 ? stripe.items.length : behind;
        found.push(...stripe.items.splice(0, count));
      }
    }
    return found.sort((left, right) => order(fromSortKey(left['sk']!.S!), fromSortKey(right['sk']!.S!)));
  }

  async #read(stripe: Stripe): Promise<void> {
    const { items, next } = await this.#reader.page(stripe.pk, this.#range, {
      live: true,
      ...(this.#piece !== undefined && { limit: this.#piece }),
      ...(stripe.next !== undefined && { from: stripe.next }),
    });
    stripe.items.push(...items.filter((item) => item['sk']!.S! !== this.#after));
    stripe.next = next;
    stripe.ended = next === undefined;
  }
}
