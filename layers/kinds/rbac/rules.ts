/** Rules of roles, the same for both scopes. */
import type { PolicyRule } from '#kinds/generated/types.ts';
import { invalid, required } from '#machinery/field-error.ts';
import type { Errors } from '../shared/check.ts';

export function checkRule(errors: Errors, field: string, rule: PolicyRule, namespaced: boolean): void {
  const { nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  // a list that is always written is stored as null where it was not given
  const verbs = rule.verbs ?? [];
  if (verbs.length === 0) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (namespaced) errors.push(invalid(`${field}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
      errors.push(invalid(`${field}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    return;
  }
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
}
