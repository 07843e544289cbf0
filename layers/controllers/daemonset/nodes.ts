/** Which nodes a daemon set's pods belong on, and which pods are there. */
import { nodeIsAskedFor } from '#control/placement/node-selector.ts';
import { untolerated } from '#control/placement/tolerations.ts';
import type { DaemonSet, Node, Pod } from '#kinds/generated/types.ts';
import { isTerminal } from '../shared/pods.ts';
import { nodeOf, tolerationsOf } from './template.ts';

export interface Fit {
  /** A pod should be started there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
}

const NO: Fit = { run: false, stay: false };

const YES: Fit = { run: true, stay: true };

/** One set's answers, each found once: a look at a set asks for every node several times. */
export function fitting(set: DaemonSet): (node: Node) => Fit {
  const spec = set.spec?.template.spec;
  const tolerations = tolerationsOf(spec);
  const pod: Pod | undefined = spec === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec };
  const known = new Map<Node, Fit>();

  function find(node: Node): Fit {
    if (spec?.nodeName !== undefined && spec.nodeName !== '' && spec.nodeName !== node.metadata.name) return NO;
    if (pod !== undefined && !nodeIsAskedFor(pod, node)) return NO;
    const taints = node.spec?.taints;
    if (untolerated(taints, tolerations, ({ effect }) => effect === 'NoExecute') !== undefined) return NO;
    return untolerated(taints, tolerations, ({ effect }) => effect === 'NoSchedule') === undefined ? YES : { run: false, stay: true };
  }

  return (node) => {
    let fit = known.get(node);
    if (fit === undefined) known.set(node, (fit = find(node)));
    return fit;
  };
}

/** Pods by the node they are on or wait for. Ended pods that are being deleted are the affair of others. */
export function byNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const found = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    if (node === undefined || (isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined)) continue;
    const known = found.get(node);
    if (known === undefined) found.set(node, [pod]);
    else known.push(pod);
  }
  return found;
}
