/**
 * Nobody gives away what they do not have (`registry/rbac/.../policybased`): whoever writes a role or a binding must hold all that it grants, or
 * be allowed to `escalate` the role or to `bind` it. A plugin of the chain, as the rule needs the object that is written.
 */
import { semanticEqual } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest, notFound } from '#machinery/status.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/port.ts';
import type { User } from '../../authn/port.ts';
import type { Authorizer } from '../port.ts';
import { compactRules, describeRule, type PolicyRule, uncovered } from './rules.ts';
import type { RbacState } from './state.ts';

const GROUP = 'rbac.authorization.k8s.io';
const MASTERS = 'system:masters';
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: object;
}

interface Binding extends KubeObject {
  readonly subjects?: readonly object[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

const quoted = (names: readonly string[]): string => `[${names.map((name) => JSON.stringify(name)).join(' ')}]`;

/** What is missing, in upstream's words. */
export function missingRights(user: User, owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): string | undefined {
  const missing = uncovered(owned, wanted);
  if (missing.length === 0) return undefined;
  const lines = [...new Set(compactRules(missing).map(describeRule))].sort();
  return `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}`;
}

export function rbacEscalation(state: () => RbacState | undefined, authorizer: () => Authorizer): AdmissionPlugin {
  async function may(user: User, verb: 'escalate' | 'bind', resource: string, namespace: string, name: string): Promise<boolean> {
    const decision = await authorizer().authorize({ user, verb, isResource: true, group: GROUP, version: '*', resource, subresource: '', namespace, name, path: '' });
    return decision.outcome === 'allow';
  }
  const owned = (rbac: RbacState, user: User, namespace: string): PolicyRule[] => rbac.grants(user, namespace).flatMap(({ rules }) => rules);

  async function role(rbac: RbacState, { object, oldObject, user, namespace, resource, name }: AdmissionAttributes): Promise<void> {
    const [now, old] = [object as Role, oldObject as Role | undefined];
    const rules = now.rules ?? [];
    const aggregates = now.aggregationRule !== undefined && !semanticEqual(now.aggregationRule, old?.aggregationRule);
    if (old !== undefined && semanticEqual(rules, old.rules) && !aggregates) return;
    const own = name === '' ? (now.metadata.name ?? '') : name;
    if (await may(user, 'escalate', resource, namespace, own)) return;
    const held = owned(rbac, user, namespace);
    const why = missingRights(user, held, rules);
    if (why !== undefined) throw forbiddenRequest({ group: GROUP, resource }, own, why);
    if (aggregates && missingRights(user, held, EVERYTHING) !== undefined)
      throw forbiddenRequest({ group: GROUP, resource }, own, 'must have cluster-admin privileges to use an aggregationRule');
  }

  async function binding(rbac: RbacState, { object, oldObject, user, namespace, resource, name }: AdmissionAttributes): Promise<void> {
    const [now, old] = [object as Binding, oldObject as Binding | undefined];
    if (old !== undefined && semanticEqual(now.roleRef, old.roleRef) && semanticEqual(now.subjects, old.subjects)) return;
    const target = now.roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await may(user, 'bind', target, namespace, now.roleRef.name)) return;
    const rules = rbac.rulesOf(now.roleRef, namespace);
    if (rules === undefined) throw notFound({ group: GROUP, resource: target }, now.roleRef.name);
    const why = missingRights(user, owned(rbac, user, namespace), rules);
    if (why !== undefined) throw forbiddenRequest({ group: GROUP, resource }, name === '' ? (now.metadata.name ?? '') : name, why);
  }

  return {
    name: 'RBACEscalation',
    handles: ({ operation, group, subresource, user }) =>
      group === GROUP && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE') && !user.groups.includes(MASTERS),
    async validate(attributes) {
      const rbac = state();
      if (rbac === undefined) return;
      if (attributes.resource === 'roles' || attributes.resource === 'clusterroles') await role(rbac, attributes);
      else await binding(rbac, attributes);
    },
  };
}
