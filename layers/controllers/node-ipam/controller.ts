/** Each node gets a slice of the pods' range for its own. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { Node } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { formatCidr, parseCidr, slice, sliceCount, touched } from './cidr.ts';

/** 254 addresses a node: more than the 110 pods that a node takes, twice over. */
const SLICE_BITS = 24;
/** One key for all nodes: what is free can only be said by one at a time, who has seen its own last decision. */
const ALL: Key = 'all';
/** A range that is used up is looked at again when a node leaves; this is for a node whose write failed. */
const LOOK_AGAIN_S = 30;

export function nodeIpamController({ clusterCidr, sliceBits = SLICE_BITS }: { readonly clusterCidr: string; readonly sliceBits?: number }): Controller {
  const range = parseCidr(clusterCidr);

  async function reconcile(_: Key, { cache, client, event }: ControllerContext): Promise<Result> {
    const nodes = cache.list<Node>('nodes');
    const used = new Set<number>();
    for (const { spec } of nodes) {
      for (const text of new Set([spec?.podCIDR, ...(spec?.podCIDRs ?? [])])) {
        if (text !== undefined && text.includes('.')) for (const index of touched(range, sliceBits, parseCidr(text))) used.add(index);
      }
    }
    let index = 0;
    const total = sliceCount(range, sliceBits);
    let again = false;
    for (const node of nodes) {
      if ((node.spec?.podCIDR ?? '') !== '' || node.metadata.deletionTimestamp !== undefined) continue;
      while (index < total && used.has(index)) index++;
      if (index >= total) {
        event(node, 'Normal', 'CIDRNotAvailable', `Node ${node.metadata.name!} status is now: CIDRNotAvailable`);
        continue;
      }
      used.add(index);
      const podCIDR = formatCidr(slice(range, sliceBits, index));
      try {
        await client.patch('nodes', '', node.metadata.name!, {
          type: 'strategic',
          body: { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { podCIDR, podCIDRs: [podCIDR] } },
        });
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        again = true;
      }
    }
    return again ? { requeueAfterSeconds: LOOK_AGAIN_S } : {};
  }

  return {
    name: 'node-ipam-controller',
    watches: [
      {
        resource: 'nodes',
        keys: ({ old, now }) =>
          now === undefined || (now as Node).spec?.podCIDR === undefined || (old as Node | undefined)?.spec?.podCIDR !== (now as Node).spec?.podCIDR ? [ALL] : [],
      },
    ],
    concurrency: 1,
    reconcile,
  };
}
