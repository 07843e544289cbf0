/** Roles and cluster roles. */
import type { ClusterRole, Role } from '#kinds/generated/types.ts';
import { type FieldError, required } from '#machinery/field-error.ts';
import { behaviour } from '../behaviour.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { checkRule } from './rules.ts';

export const role = behaviour<Role>({
  nameRule: 'pathSegment',
  createOnUpdate: true,
  validate({ rules }) {
    const errors: FieldError[] = [];
    (rules ?? []).forEach((rule, index) => checkRule(errors, `rules[${index}]`, rule, true));
    return errors;
  },
});

export const clusterRole = behaviour<ClusterRole>({
  nameRule: 'pathSegment',
  createOnUpdate: true,
  validate({ rules, aggregationRule }) {
    const errors: FieldError[] = [];
    (rules ?? []).forEach((rule, index) => checkRule(errors, `rules[${index}]`, rule, false));
    if (aggregationRule === undefined) return errors;
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    if (selectors.length === 0) errors.push(required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
    selectors.forEach((selector, index) => checkLabelSelector(errors, `aggregationRule.clusterRoleSelectors[${index}]`, selector));
    return errors;
  },
});
