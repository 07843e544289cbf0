/** Role bindings and cluster role bindings. */
import type { ClusterRoleBinding, RoleBinding } from '#kinds/generated/types.ts';
import type { Column } from '#kinds/kind.ts';
import { type FieldError, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain, isPathSegmentName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { type Behaviour, behaviour } from '../behaviour.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

const GROUP = 'rbac.authorization.k8s.io';
type Binding = RoleBinding | ClusterRoleBinding;
type Subject = NonNullable<RoleBinding['subjects']>[number];

function checkSubject(errors: Errors, field: string, subject: Subject, namespaced: boolean): void {
  const { kind, name = '', apiGroup = '', namespace = '' } = subject;
  if (name === '') errors.push(required(`${field}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') checkText(errors, `${field}.name`, name, isDNS1123Subdomain(name));
      if (apiGroup !== '') errors.push(notSupported(`${field}.apiGroup`, apiGroup, ['']));
      // in a role binding it may be left out only by old objects, which had it defaulted
      if (namespace === '' && !namespaced) errors.push(required(`${field}.namespace`));
      return;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [GROUP]));
      return;
    default:
      errors.push(notSupported(`${field}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group']));
  }
}

function validate(binding: Binding, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const ref = binding.roleRef;
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (ref?.apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', ref?.apiGroup ?? '', [GROUP]));
  if (!kinds.includes(ref?.kind ?? '')) errors.push(notSupported('roleRef.kind', ref?.kind ?? '', kinds));
  if (!ref?.name) errors.push(required('roleRef.name'));
  else checkText(errors, 'roleRef.name', ref.name, isPathSegmentName(ref.name));
  (binding.subjects ?? []).forEach((subject, index) => checkSubject(errors, `subjects[${index}]`, subject, namespaced));
  return errors;
}

function defaults(binding: Binding): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= GROUP;
  for (const subject of binding.subjects ?? []) if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = GROUP;
}

const COLUMNS: readonly Column[] = [
  text(
    'Role',
    'RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error. This field is immutable.',
  ),
  AGE,
  text('Users', 'Users in the roleBinding', 1),
  text('Groups', 'Groups in the roleBinding', 1),
  text('ServiceAccounts', 'ServiceAccounts in the roleBinding', 1),
];

function row(binding: Binding, now: number): { cells: unknown[] } {
  const names = (kind: string): string =>
    (binding.subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
      .join(', ');
  return { cells: [`${binding.roleRef?.kind}/${binding.roleRef?.name}`, age(binding.metadata.creationTimestamp, now), names('User'), names('Group'), names('ServiceAccount')] };
}

const bindingOf = (namespaced: boolean): Behaviour =>
  behaviour<Binding>({
    nameRule: 'pathSegment',
    createOnUpdate: true,
    defaults,
    validate: (binding) => validate(binding, namespaced),
    validateUpdate(now, old) {
      const errors: FieldError[] = [];
      checkImmutable(errors, 'roleRef', now.roleRef, old.roleRef, 'cannot change roleRef');
      return errors;
    },
    columns: COLUMNS,
    row,
  });

export const roleBinding = bindingOf(true);
export const clusterRoleBinding = bindingOf(false);
