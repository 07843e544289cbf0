/** Roles and bindings: names are path segments, and a binding's role is for good. */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../generated/types.ts';
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { type Behaviour, behaviour } from '../behaviour.ts';
import { AGE, ageOf, column } from '../shared/cells.ts';

const GROUP = 'rbac.authorization.k8s.io';

function ruleErrors(rules: Role['rules'], namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const errors: FieldError[] = [];
    if ((rule.verbs ?? []).length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
    if ((rule.nonResourceURLs ?? []).length > 0) {
      if (namespaced) errors.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
      if ([rule.apiGroups, rule.resources, rule.resourceNames].some((list) => (list ?? []).length > 0))
        errors.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
      return errors;
    }
    if ((rule.apiGroups ?? []).length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if ((rule.resources ?? []).length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });
}

export const role = behaviour<Role>({ nameRule: 'pathSegment', hasGeneration: false, validate: ({ rules }) => ruleErrors(rules, true) });
export const clusterRole = behaviour<ClusterRole>({ nameRule: 'pathSegment', hasGeneration: false, validate: ({ rules }) => ruleErrors(rules as Role['rules'], false) });

function binding<T extends RoleBinding | ClusterRoleBinding>(kinds: readonly string[]): Behaviour {
  return behaviour<T & KubeObject>({
    nameRule: 'pathSegment',
    hasGeneration: false,
    defaults(object) {
      if (object.roleRef !== undefined) object.roleRef.apiGroup ||= GROUP;
      for (const subject of object.subjects ?? []) if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= GROUP;
    },
    validate(object) {
      const errors: FieldError[] = [];
      if (object.roleRef.apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', object.roleRef.apiGroup, [GROUP]));
      if (!kinds.includes(object.roleRef.kind)) errors.push(notSupported('roleRef.kind', object.roleRef.kind, kinds));
      if (!object.roleRef.name) errors.push(required('roleRef.name'));
      (object.subjects ?? []).forEach((subject, index) => {
        const at = `subjects[${index}]`;
        if (!subject.name) errors.push(required(`${at}.name`));
        if (!['User', 'Group', 'ServiceAccount'].includes(subject.kind)) errors.push(notSupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
        if (subject.kind === 'ServiceAccount' && !subject.namespace) errors.push(required(`${at}.namespace`));
      });
      return errors;
    },
    validateUpdate: (now, old) => (deepEqual(now.roleRef, old.roleRef) ? [] : [invalid('roleRef', now.roleRef, 'cannot change roleRef')]),
    columns: [
      column('Role', 'The reference to the role.'),
      AGE,
      column('Users', 'Users in the roleRef', 'string', 1),
      column('Groups', 'Groups in the roleRef', 'string', 1),
      column('ServiceAccounts', 'ServiceAccounts in the roleRef', 'string', 1),
    ],
    row(object, now) {
      const of = (kind: string): string =>
        (object.subjects ?? [])
          .filter((subject) => subject.kind === kind)
          .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
          .join(', ');
      return { cells: [`${object.roleRef.kind}/${object.roleRef.name}`, ageOf(object.metadata.creationTimestamp, now), of('User'), of('Group'), of('ServiceAccount')] };
    },
  });
}

export const roleBinding = binding<RoleBinding>(['Role', 'ClusterRole']);
export const clusterRoleBinding = binding<ClusterRoleBinding>(['ClusterRole']);
