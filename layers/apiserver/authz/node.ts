/**
 * The Node authorizer (Kubernetes "Using Node Authorization"): a node reads only the secrets, config maps, claims and volumes that pods
 * bound to it use, its own node and lease objects, and tokens of the service accounts of its pods. What it may write is narrowed further
 * by the NodeRestriction admission plug-in.
 */
import type { Pod } from '#kinds/generated/types.ts';
import type { Store } from '#store/port.ts';
import { allowsResource } from './rbac/rules.ts';
import { BOOTSTRAP_CLUSTER_ROLES } from './bootstrap-policy.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from './port.ts';

const PREFIX = 'system:node:';
/** What a pod refers to is looked up at most this often per node and namespace; a new pod's first read finds it by a fresh look. */
const TRUST_MS = 2000;
const REMEMBERED = 500;

/** The node's name, where the user is one. */
export function nodeOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  return user.name.startsWith(PREFIX) && user.groups.includes('system:nodes') ? user.name.slice(PREFIX.length) : undefined;
}

interface References {
  readonly secrets: ReadonlySet<string>;
  readonly configmaps: ReadonlySet<string>;
  readonly persistentvolumeclaims: ReadonlySet<string>;
  readonly serviceaccounts: ReadonlySet<string>;
}

function collect(pod: Pod, into: Record<keyof References, Set<string>>): void {
  const add = (kind: keyof References, name: string | undefined): void => void (name !== undefined && name !== '' && into[kind].add(name));
  const spec = pod.spec;
  if (spec === undefined) return;
  add('serviceaccounts', spec.serviceAccountName);
  for (const reference of spec.imagePullSecrets ?? []) add('secrets', reference.name);
  for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as typeof spec.containers)]) {
    for (const from of container.envFrom ?? []) {
      add('secrets', from.secretRef?.name);
      add('configmaps', from.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('secrets', variable.valueFrom?.secretKeyRef?.name);
      add('configmaps', variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral !== undefined) add('persistentvolumeclaims', `${pod.metadata.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
  }
}

/** What a pod refers to by name. */
export function referencesOf(pod: Pod): References {
  const sets = { secrets: new Set<string>(), configmaps: new Set<string>(), persistentvolumeclaims: new Set<string>(), serviceaccounts: new Set<string>() };
  collect(pod, sets);
  return sets;
}

const NODE_RULES = BOOTSTRAP_CLUSTER_ROLES.find(({ name }) => name === 'system:node')!.rules;
const no = (reason: string): Decision => ({ outcome: 'none', reason });

export function nodeAuthorizer(store: Store, now: () => number): Authorizer {
  const remembered = new Map<string, { readonly until: number; readonly references: References }>();

  async function references(node: string, namespace: string, fresh: boolean): Promise<References> {
    const key = `${node}/${namespace}`;
    const known = remembered.get(key);
    if (!fresh && known !== undefined && known.until > now()) return known.references;
    const sets = { secrets: new Set<string>(), configmaps: new Set<string>(), persistentvolumeclaims: new Set<string>(), serviceaccounts: new Set<string>() };
    const page = await store.list({ resource: 'pods', namespace, version: 'latest', match: ({ fields }) => fields['spec.nodeName'] === node });
    for (const { body } of page.items) collect(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as Pod, sets);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(key, { until: now() + TRUST_MS, references: sets });
    return sets;
  }

  /** Old knowledge may allow; only a fresh look may refuse. */
  async function refers(node: string, namespace: string, kind: keyof References, name: string): Promise<boolean> {
    return (await references(node, namespace, false))[kind].has(name) || (await references(node, namespace, true))[kind].has(name);
  }

  async function authorize(attributes: AuthorizationAttributes): Promise<Decision> {
    const node = nodeOf(attributes.user);
    if (node === undefined || !attributes.isResource) return no('');
    const { group, resource, subresource, verb, namespace, name } = attributes;
    const full = subresource === '' ? resource : `${resource}/${subresource}`;
    if (!NODE_RULES.some((rule) => allowsResource(rule, { verb, group, resource: full, name }))) return no('');
    switch (group === '' ? full : `${full}.${group}`) {
      case 'secrets':
      case 'configmaps':
      case 'persistentvolumeclaims':
        // a watch of one object by name is how a kubelet follows what its pods use
        if (name === '' || !['get', 'list', 'watch'].includes(verb)) return no(`can only get individual resources of this type`);
        return (await refers(node, namespace, resource as keyof References, name))
          ? { outcome: 'allow', reason: '' }
          : no(`no relationship found between node ${JSON.stringify(node)} and this object`);
      case 'persistentvolumeclaims/status':
        return (await refers(node, namespace, 'persistentvolumeclaims', name))
          ? { outcome: 'allow', reason: '' }
          : no(`no relationship found between node ${JSON.stringify(node)} and this object`);
      case 'serviceaccounts/token':
        return (await refers(node, namespace, 'serviceaccounts', name))
          ? { outcome: 'allow', reason: '' }
          : no(`no relationship found between node ${JSON.stringify(node)} and this object`);
      case 'leases.coordination.k8s.io':
        if (namespace !== 'kube-node-lease') return no(`can only access leases in the "kube-node-lease" system namespace`);
        return verb === 'create' || name === node ? { outcome: 'allow', reason: '' } : no('can only access node lease with the same name as the requesting node');
      case 'nodes':
      case 'nodes/status':
        if (verb === 'create' || name === node) return { outcome: 'allow', reason: '' };
        return verb === 'list' || verb === 'watch' || verb === 'get'
          ? { outcome: 'allow', reason: '' }
          : no(`node ${JSON.stringify(node)} cannot modify node ${JSON.stringify(name)}`);
      case 'csinodes.storage.k8s.io':
        return verb === 'create' || name === node ? { outcome: 'allow', reason: '' } : no('can only access CSINode with the same name as the requesting node');
      default:
        return { outcome: 'allow', reason: '' };
    }
  }
  return { authorize };
}
