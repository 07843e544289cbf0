import type { Taint } from '#kinds/generated/types.ts';
import { tolerates, untolerated } from '#control/placement/tolerations.ts';
import { type FilterPlugin, normalizeByMax, refusal, type ScorePlugin } from '../plugin.ts';

const NAME = 'TaintToleration';
const TAINTED = refusal(NAME, 'node(s) had untolerated taint(s)', false);
const keepsAway = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';

export const taintToleration: FilterPlugin = {
  name: NAME,
  begin({ pod }) {
    const { tolerations } = pod.pod.spec ?? {};
    return ({ node }) => (untolerated(node.spec?.taints, tolerations, keepsAway) === undefined ? undefined : TAINTED);
  },
};

/** Nodes that would rather not have the pod come last. */
export const taintTolerationScore: ScorePlugin = {
  name: NAME,
  weight: 3,
  begin({ pod }, nodes) {
    if (!nodes.some(({ node }) => node.spec?.taints?.some(({ effect }) => effect === 'PreferNoSchedule') === true)) return undefined;
    const tolerations = (pod.pod.spec?.tolerations ?? []).filter(({ effect }) => effect === undefined || effect === '' || effect === 'PreferNoSchedule');
    return {
      score: ({ node }) => (node.spec?.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint))).length,
      normalize: (scores) => normalizeByMax(scores, true),
    };
  },
};
