import { asksForNodes, nodeIsAskedFor, nodeTermMatches } from '#control/placement/node-selector.ts';
import { type FilterPlugin, normalizeByMax, refusal, type ScorePlugin } from '../plugin.ts';

const NAME = 'NodeAffinity';
const OTHER = refusal(NAME, "node(s) didn't match Pod's node affinity/selector", false);

export const nodeAffinity: FilterPlugin = {
  name: NAME,
  begin: ({ pod: { pod } }) => (asksForNodes(pod) ? ({ node }) => (nodeIsAskedFor(pod, node) ? undefined : OTHER) : undefined),
};

export const nodeAffinityScore: ScorePlugin = {
  name: NAME,
  weight: 2,
  begin({ pod: { pod } }) {
    const terms = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (terms.length === 0) return undefined;
    return {
      score: ({ node }) => terms.reduce((sum, { weight, preference }) => sum + (nodeTermMatches(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeByMax(scores, false),
    };
  },
};
