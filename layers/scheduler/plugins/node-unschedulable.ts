import type { Taint } from '#kinds/generated/types.ts';
import { tolerates } from '#control/placement/tolerations.ts';
import { type FilterPlugin, refusal } from '../plugin.ts';

const TAINT: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const CORDONED = refusal('NodeUnschedulable', 'node(s) were unschedulable', false);

export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  begin({ pod }) {
    if (pod.pod.spec?.tolerations?.some((toleration) => tolerates(toleration, TAINT)) === true) return undefined;
    return ({ node }) => (node.spec?.unschedulable === true ? CORDONED : undefined);
  },
};
