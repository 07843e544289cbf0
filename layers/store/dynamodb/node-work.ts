/** Items that must move with a write, in its transaction; and the one kind there is: which pods a node must run. */
import type { Indexed, ObjectKey } from '../port.ts';
import { sortKey, workPartition } from './keys.ts';
import type { Reader } from './reader.ts';
import { fromSortKey } from './keys.ts';

/** A write on its way, as those see it who add items to its transaction. */
export interface Moving {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly rv: number;
  readonly before: Indexed | undefined;
  /** Absent for a removal. */
  readonly after: Indexed | undefined;
}

/** One more item of the transaction. `attributes` absent: it is deleted. */
export interface ExtraItem {
  readonly pk: string;
  readonly sk: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export type Extra = (cluster: string, moving: Moving, nodeKey: (node: string) => string) => readonly ExtraItem[];

const NODE = 'spec.nodeName';

/** A node's list changes only when a pod comes to it or is gone: status updates cost nothing more. */
export const nodeWork: Extra = (cluster, { key, uid, rv, before, after }, nodeKey) => {
  if (key.resource !== 'pods') return [];
  const from = before?.fields[NODE] ?? '';
  const to = after?.fields[NODE] ?? '';
  if (from === to) return [];
  const sk = sortKey(key.namespace, key.name);
  const at = (node: string): { readonly pk: string; readonly sk: string } => ({ pk: workPartition(cluster, nodeKey(node)), sk });
  return [...(from === '' ? [] : [at(from)]), ...(to === '' ? [] : [{ ...at(to), attributes: { uid, bound: rv } }])];
};

export interface Work {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The pods of a node, one query. */
export async function readNodeWork(reader: Reader, cluster: string, node: string): Promise<readonly Work[]> {
  const work: Work[] = [];
  for (let from: Parameters<Reader['page']>[2] = {}; ;) {
    const { items, next } = await reader.page(workPartition(cluster, node), { low: ' ', high: '~' }, from);
    for (const item of items) work.push({ ...fromSortKey(item['sk']!.S!), uid: item['uid']?.S ?? '' });
    if (next === undefined) return work;
    from = { from: next };
  }
}
