/** What clients of a store did and saw: the evidence that `check.ts` judges. */
import type { Change } from '../../port.ts';

/** Microseconds of a clock that all processes of one machine share and that never goes back. */
export const instant = (): number => Number(process.hrtime.bigint() / 1000n);

interface Timed {
  readonly asked: number;
  readonly answered: number;
}

export interface WriteTold {
  readonly resource: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly type: 'put' | 'remove';
  /** The resourceVersion that the object had to have; 0: there had to be none. */
  readonly read: number;
  /** Where it was acknowledged. */
  readonly rv?: number;
}

/** One commit. Its mark stands in the body of each of its writes, and nowhere else. */
export interface Written extends Timed {
  readonly kind: 'write';
  readonly mark: string;
  readonly outcome: 'done' | 'conflict' | 'unknown';
  readonly writes: readonly WriteTold[];
}

export interface Listed extends Timed {
  readonly kind: 'list';
  readonly resource: string;
  readonly rv: number;
  /** False for a list at an older resourceVersion: it says nothing of what is newest. */
  readonly latest: boolean;
  /** `KEY@RV=MARK`, in the order of the answer. */
  readonly items: readonly string[];
}

export interface Got extends Timed {
  readonly kind: 'get';
  readonly resource: string;
  readonly key: string;
  /** 0: there was none. */
  readonly rv: number;
}

/** What one watch told from its start to its end. */
export interface Watched {
  readonly kind: 'watch';
  readonly watcher: string;
  readonly resource: string;
  readonly after: number;
  readonly changes: readonly Entry[];
}

export type Event = Written | Listed | Got | Watched;

export interface Entry {
  readonly rv: number;
  readonly type: Change['type'];
  readonly key: string;
  readonly mark: string;
  /** The second word of the body: what a counter counts. */
  readonly value: string;
}

/** The whole log of each resource, read when all was over. */
export type Logs = ReadonlyMap<string, readonly Entry[]>;

export function entryOf({ rv, type, key, body }: Change): Entry {
  const { data, metadata } = JSON.parse(new TextDecoder().decode(body)) as { readonly data: string; readonly metadata: { readonly resourceVersion: string } };
  const [mark = '', value = ''] = data.split(' ');
  if (metadata.resourceVersion !== String(rv)) throw new Error(`the body of ${rv} says ${metadata.resourceVersion}`);
  return { rv, type, key: `${key.namespace}/${key.name}`, mark, value };
}

/** How lists and states name an object. */
export const itemText = ({ key, rv, mark }: Pick<Entry, 'key' | 'rv' | 'mark'>): string => `${key}@${rv}=${mark}`;
