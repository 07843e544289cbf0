/** Levels and schemas that every API server has, and that nobody may change (apiserver `flowcontrol/bootstrap`). */
import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#kinds/generated/types.ts';

const EVERYTHING = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const groups = (...names: string[]) => names.map((name) => ({ kind: 'Group', group: { name } }));

export const EXEMPT = 'exempt';

export const MANDATORY_SCHEMAS: Readonly<Record<string, FlowSchemaSpec>> = {
  [EXEMPT]: { priorityLevelConfiguration: { name: EXEMPT }, matchingPrecedence: 1, rules: [{ subjects: groups('system:masters'), ...EVERYTHING }] },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [{ subjects: groups('system:unauthenticated', 'system:authenticated'), ...EVERYTHING }],
  },
};

export const MANDATORY_LEVELS: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  [EXEMPT]: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
};
