/** The node's pods: which there are stands in its partition of the table, what they are the API server says, one by one, when a bell rings. */
import type { KubeObject } from '#machinery/object.ts';
import type { Pod } from '../../pods/pod.ts';
import type { PodListener } from '../source.ts';
import type { Bell } from './bell.ts';
import type { Work } from './work.ts';

export interface OwnPods {
  rang(bell: Bell): string | undefined;
  /** The pods that the table has now; the keys of those that must be read. */
  compare(work: readonly Work[], all: boolean): readonly string[];
  /** Reads one pod anew. */
  refresh(key: string): Promise<void>;
  /** Everything was read once: from now on changes are told one by one. */
  begin(): void;
  /** The pod is gone, by the word of who removed it. */
  removed(pod: Pod): void;
}

const keyOf = ({ metadata: { namespace, name } }: Pod): string => `${namespace}/${name}`;
const rvOf = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion ?? 0);

export interface OwnPodsOptions {
  readonly node: string;
  readonly listener: PodListener;
  read(key: string): Promise<Pod | undefined>;
}

export function createOwnPods({ node, listener, read }: OwnPodsOptions): OwnPods {
  const known = new Map<string, Pod>();
  let begun = false;

  function drop(key: string, pod: Pod): void {
    known.delete(key);
    if (begun) listener.deleted(pod);
  }

  return {
    rang({ namespace, name, uid, rv, gone }) {
      const key = `${namespace}/${name}`;
      const pod = known.get(key);
      if (gone) {
        // uids never come back: this needs no second look
        if (pod?.metadata.uid === uid) drop(key, pod);
        return undefined;
      }
      return pod !== undefined && pod.metadata.uid === uid && rvOf(pod) >= rv ? undefined : key;
    },
    compare(work, all) {
      const there = new Map(work.map(({ namespace, name, uid }) => [`${namespace}/${name}`, uid]));
      return [
        ...Array.from(there).flatMap(([key, uid]) => (all || known.get(key)?.metadata.uid !== uid ? [key] : [])),
        // not in the table's list any more: the API server has the last word
        ...Array.from(known.keys()).filter((key) => !there.has(key)),
      ];
    },
    async refresh(key) {
      const found = await read(key);
      const before = known.get(key);
      if (found === undefined || found.spec.nodeName !== node) {
        if (before !== undefined) drop(key, before);
        return;
      }
      if (before !== undefined && before.metadata.uid !== found.metadata.uid) drop(key, before);
      else if (before !== undefined && rvOf(before) >= rvOf(found)) return;
      known.set(key, found);
      if (begun) listener.changed(found);
    },
    begin() {
      begun = true;
      listener.replaced(Array.from(known.values()));
    },
    removed(pod) {
      const key = keyOf(pod);
      const before = known.get(key);
      if (before?.metadata.uid === pod.metadata.uid) drop(key, before);
    },
  };
}
