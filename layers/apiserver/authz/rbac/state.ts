/**
 * The roles and bindings of the cluster, kept ready for questions: listed once, then followed through the change log. They are few, and
 * every request asks; a decision is a look-up in the caches kept here, which any change of a role or binding empties.
 */
import type { KubeObject } from '#machinery/object.ts';
import type { Change, Store, StoredObject } from '#store/port.ts';
import type { PolicyRule } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const RESOURCES = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'] as const;
type RbacResource = (typeof RESOURCES)[number];

interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
}

interface Binding extends KubeObject {
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

export interface Subject {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The rules that one binding gives, and what to call it in a reason. */
export interface Grant {
  readonly binding: string;
  readonly rules: readonly PolicyRule[];
}

export interface RbacState {
  /** Changes whenever any role or binding did: what is derived from grants is good for one version. */
  version(): number;
  /** What a user may do: cluster-wide grants, and with a namespace those in it too. */
  grants(user: Subject, namespace: string): readonly Grant[];
  /** The rules of a role; `undefined` where there is none. */
  rulesOf(ref: { readonly kind: string; readonly name: string }, namespace: string): readonly PolicyRule[] | undefined;
  close(): void;
}

const decode = <T>(body: Uint8Array): T => JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as T;
const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The names under which bindings know a subject. */
function subjectKeys(user: Subject): string[] {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user.name);
  return [`User:${user.name}`, ...user.groups.map((group) => `Group:${group}`), ...(account === null ? [] : [`ServiceAccount:${account[1]}/${account[2]}`])];
}

/** Users with decisions remembered; past this the oldest go (ten thousand service accounts are possible). */
const REMEMBERED = 2000;

export async function openRbacState(store: Store): Promise<RbacState> {
  const objects: Record<RbacResource, Map<string, KubeObject>> = { clusterroles: new Map(), clusterrolebindings: new Map(), roles: new Map(), rolebindings: new Map() };
  let version = 1;
  /** Bindings by scope (`''`: cluster-wide) and subject; made anew when something changed. */
  let index: Map<string, Map<string, Binding[]>> | undefined;
  const remembered = new Map<string, readonly Grant[]>();
  const stops: (() => void)[] = [];
  let closed = false;

  const touch = (): void => {
    version++;
    index = undefined;
    remembered.clear();
  };
  const put = (resource: RbacResource, object: StoredObject): void => void objects[resource].set(keyOf(object.key.namespace, object.key.name), decode(object.body));

  async function follow(resource: RbacResource): Promise<void> {
    const name = `${resource}.${GROUP}`;
    const page = await store.list({ resource: name, version: 'latest' });
    objects[resource].clear();
    for (const item of page.items) put(resource, item);
    touch();
    const stop = await store.watch(name, page.rv, {
      changes(changes: readonly Change[]) {
        for (const change of changes) {
          const key = keyOf(change.key.namespace, change.key.name);
          if (change.type === 'removed') objects[resource].delete(key);
          else objects[resource].set(key, decode(change.body));
        }
        if (changes.length > 0) touch();
      },
      expired() {
        if (!closed) void follow(resource);
      },
    });
    stops.push(stop);
  }
  await Promise.all(RESOURCES.map(follow));

  function built(): Map<string, Map<string, Binding[]>> {
    if (index !== undefined) return index;
    const made = new Map<string, Map<string, Binding[]>>();
    for (const resource of ['clusterrolebindings', 'rolebindings'] as const) {
      for (const binding of objects[resource].values() as Iterable<Binding>) {
        const scope = resource === 'clusterrolebindings' ? '' : (binding.metadata.namespace ?? '');
        let subjects = made.get(scope);
        if (subjects === undefined) made.set(scope, (subjects = new Map()));
        for (const subject of binding.subjects ?? []) {
          const key = subject.kind === 'ServiceAccount' ? `ServiceAccount:${subject.namespace || scope}/${subject.name}` : `${subject.kind}:${subject.name}`;
          const list = subjects.get(key);
          if (list === undefined) subjects.set(key, [binding]);
          else list.push(binding);
        }
      }
    }
    return (index = made);
  }

  function rulesOf(ref: { readonly kind: string; readonly name: string }, namespace: string): readonly PolicyRule[] | undefined {
    const role = (ref.kind === 'ClusterRole' ? objects.clusterroles.get(keyOf('', ref.name)) : objects.roles.get(keyOf(namespace, ref.name))) as Role | undefined;
    return role === undefined ? undefined : (role.rules ?? []);
  }

  function compute(user: Subject, namespace: string): Grant[] {
    const keys = subjectKeys(user);
    const grants: Grant[] = [];
    for (const scope of namespace === '' ? [''] : ['', namespace]) {
      const subjects = built().get(scope);
      if (subjects === undefined) continue;
      for (const key of keys) {
        for (const binding of subjects.get(key) ?? []) {
          const rules = rulesOf(binding.roleRef, scope);
          if (rules === undefined) continue;
          const kind = scope === '' ? 'ClusterRoleBinding' : 'RoleBinding';
          grants.push({
            binding: `${kind} ${JSON.stringify(scope === '' ? binding.metadata.name : `${binding.metadata.name}/${scope}`)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${key}`,
            rules,
          });
        }
      }
    }
    return grants;
  }

  return {
    version: () => version,
    grants(user, namespace) {
      const key = `${namespace}\n${user.name}\n${user.groups.join('\n')}`;
      let grants = remembered.get(key);
      if (grants === undefined) {
        if (remembered.size >= REMEMBERED) remembered.clear();
        remembered.set(key, (grants = compute(user, namespace)));
      }
      return grants;
    },
    rulesOf,
    close() {
      closed = true;
      for (const stop of stops) stop();
    },
  };
}
