/** Cluster roles with an aggregation rule have the rules of all roles that it selects. */
import type { Cache, Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { ClusterRole } from '#kinds/generated/types.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { nameOf, sameJson } from '../shared/keys.ts';

const ROLES = 'clusterroles.rbac.authorization.k8s.io';

/** In the order of the roles' names, each rule once. */
function aggregated(role: ClusterRole, cache: Cache): NonNullable<ClusterRole['rules']> {
  const rules: NonNullable<ClusterRole['rules']> = [];
  const roles = cache.list<ClusterRole>(ROLES).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const parsed = selectorFromLabelSelector(selector as LabelSelectorObject);
    for (const one of roles) {
      if (nameOf(one) === nameOf(role) || !matches(parsed, one.metadata.labels)) continue;
      for (const rule of one.rules ?? []) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
  const role = cache.get<ClusterRole>(ROLES, '', key);
  if (role?.aggregationRule === undefined) return {};
  const rules = aggregated(role, cache);
  if (sameJson(rules, role.rules ?? [])) return {};
  await client.patch(ROLES, '', key, {
    type: 'apply',
    body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: key }, rules },
    fieldManager: 'clusterrole-aggregation-controller',
    force: true,
  });
  return {};
}

export function clusterRoleAggregationController(): Controller {
  return {
    name: 'clusterrole-aggregation-controller',
    watches: [
      {
        resource: ROLES,
        keys: (_, cache) =>
          cache
            .list<ClusterRole>(ROLES)
            .filter(({ aggregationRule }) => aggregationRule !== undefined)
            .map(keyOf),
      },
    ],
    reconcile,
  };
}
