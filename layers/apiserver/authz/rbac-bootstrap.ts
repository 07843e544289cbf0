/**
 * Writes the bootstrap policy into the cluster, as kube-apiserver's `rbac/bootstrap-roles` hook does at its start: what is missing is made,
 * rules and subjects that are missing are added, and nothing that users added is taken away. An object with the annotation
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
 */
import type { KubeObject } from '#machinery/object.ts';
import { isNotFound } from '#machinery/status.ts';
import { BOOTSTRAP_CLUSTER_ROLE_BINDINGS, BOOTSTRAP_CLUSTER_ROLES, BOOTSTRAP_ROLES, type BootstrapSubject } from './bootstrap-policy.ts';
import { type PolicyRule, uncovered } from './rbac/rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;
const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' } as const;

/** What this needs of a client; the in-process one has it. */
export interface RbacWriter {
  get<T extends KubeObject>(resource: string, namespace: string, name: string): Promise<T>;
  create<T extends KubeObject>(resource: string, object: T): Promise<T>;
  update<T extends KubeObject>(resource: string, object: T): Promise<T>;
}

interface Role extends KubeObject {
  rules?: PolicyRule[] | null;
}

interface Binding extends KubeObject {
  subjects?: object[];
  roleRef: { apiGroup: string; kind: string; name: string };
}

const subjectsOf = (subjects: readonly BootstrapSubject[]): object[] =>
  subjects.map((subject) =>
    subject.kind === 'ServiceAccount' ? { kind: subject.kind, name: subject.name, namespace: subject.namespace } : { apiGroup: GROUP, kind: subject.kind, name: subject.name },
  );

const metadata = (name: string, namespace: string, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  ...(namespace === '' ? {} : { namespace }),
  labels: { ...LABELS, ...labels },
  annotations: { [AUTO_UPDATE]: 'true' },
});

async function ensure<T extends KubeObject>(writer: RbacWriter, resource: string, wanted: T, complete: (existing: T) => boolean): Promise<void> {
  let existing: T;
  try {
    existing = await writer.get<T>(`${resource}.${GROUP}`, wanted.metadata.namespace ?? '', wanted.metadata.name!);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await writer.create(`${resource}.${GROUP}`, wanted);
    return;
  }
  if (existing.metadata.annotations?.[AUTO_UPDATE] === 'false') return;
  const next = structuredClone(existing);
  if (complete(next)) await writer.update(`${resource}.${GROUP}`, next);
}

function completeRules(rules: readonly PolicyRule[]): (role: Role) => boolean {
  return (role) => {
    const missing = uncovered(role.rules ?? [], rules);
    if (missing.length === 0) return false;
    role.rules = [...(role.rules ?? []), ...missing];
    return true;
  };
}

function completeSubjects(subjects: readonly object[]): (binding: Binding) => boolean {
  return (binding) => {
    const missing = subjects.filter(
      (subject) =>
        !(binding.subjects ?? []).some((one) => ['kind', 'name', 'namespace'].every((key) => (one as Record<string, unknown>)[key] === (subject as Record<string, unknown>)[key])),
    );
    if (missing.length === 0) return false;
    binding.subjects = [...(binding.subjects ?? []), ...missing];
    return true;
  };
}

/** The rules of an aggregated role, until its controller follows the labels: the union of the roles it selects. */
function aggregated(labels: Readonly<Record<string, string>>): PolicyRule[] {
  const selected = BOOTSTRAP_CLUSTER_ROLES.filter((role) => Object.entries(labels).every(([key, value]) => role.labels?.[key] === value));
  return selected.flatMap((role) => (role.aggregates === undefined ? role.rules : aggregated(role.aggregates)));
}

export async function bootstrapRbac(writer: RbacWriter): Promise<void> {
  const work: Promise<void>[] = [];
  for (const { name, labels, rules, aggregates } of BOOTSTRAP_CLUSTER_ROLES) {
    const role: Role = {
      apiVersion: API_VERSION,
      kind: 'ClusterRole',
      metadata: metadata(name, '', labels),
      rules: aggregates === undefined ? [...rules] : aggregated(aggregates),
      ...(aggregates === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregates }] } }),
    };
    work.push(ensure(writer, 'clusterroles', role, completeRules(role.rules!)));
  }
  for (const { name, role, subjects } of BOOTSTRAP_CLUSTER_ROLE_BINDINGS) {
    const binding: Binding = {
      apiVersion: API_VERSION,
      kind: 'ClusterRoleBinding',
      metadata: metadata(name, ''),
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
      subjects: subjectsOf(subjects),
    };
    work.push(ensure(writer, 'clusterrolebindings', binding, completeSubjects(binding.subjects!)));
  }
  for (const { namespace, role, subjects } of BOOTSTRAP_ROLES) {
    work.push(
      ensure<Role>(writer, 'roles', { apiVersion: API_VERSION, kind: 'Role', metadata: metadata(role.name, namespace), rules: [...role.rules] }, completeRules(role.rules)),
    );
    const binding: Binding = {
      apiVersion: API_VERSION,
      kind: 'RoleBinding',
      metadata: metadata(role.name, namespace),
      roleRef: { apiGroup: GROUP, kind: 'Role', name: role.name },
      subjects: subjectsOf(subjects),
    };
    work.push(ensure(writer, 'rolebindings', binding, completeSubjects(binding.subjects!)));
  }
  await Promise.all(work);
}
