/**
 * The Node authorizer (Kubernetes "Using Node Authorization"): a node reads only its own pods, the secrets, config maps, claims and
 * volumes that they use, its own node and lease objects, and gets tokens of the service accounts of its pods. What it may write is
 * narrowed further by the NodeRestriction admission plug-in.
 */
import type { PersistentVolume, Pod, VolumeAttachment } from '#kinds/generated/types.ts';
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
const YES: Decision = { outcome: 'allow', reason: '' };
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

  const object = async <T>(resource: string, namespace: string, name: string): Promise<T | undefined> => {
    const stored = await store.get({ resource, namespace, name });
    return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored.body).toString()) as T);
  };

  async function volumeOf(node: string, name: string): Promise<boolean> {
    const claim = (await object<PersistentVolume>('persistentvolumes', '', name))?.spec?.claimRef;
    return claim?.namespace !== undefined && claim.name !== undefined && refers(node, claim.namespace, 'persistentvolumeclaims', claim.name);
  }

  async function podOf(node: string, namespace: string, name: string): Promise<boolean> {
    return (await object<Pod>('pods', namespace, name))?.spec?.nodeName === node;
  }

  async function related(node: string, holds: Promise<boolean>): Promise<Decision> {
    return (await holds) ? YES : no(`no relationship found between node '${node}' and this object`);
  }

  async function authorizePod(node: string, { subresource, verb, namespace, name, fieldSelector }: AuthorizationAttributes): Promise<Decision> {
    if (subresource !== '') return YES;
    switch (verb) {
      case 'list':
      case 'watch':
        if (fieldSelector?.some(({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node) === true) return YES;
        return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : related(node, podOf(node, namespace, name));
      case 'get':
        return related(node, podOf(node, namespace, name));
      default:
        return YES;
    }
  }

  async function authorize(attributes: AuthorizationAttributes): Promise<Decision> {
    const node = nodeOf(attributes.user);
    if (node === undefined || !attributes.isResource) return no('');
    const { group, resource, subresource, verb, namespace, name } = attributes;
    const full = subresource === '' ? resource : `${resource}/${subresource}`;
    if (!NODE_RULES.some((rule) => allowsResource(rule, { verb, group, resource: full, name }))) return no('');
    const reads = ['get', 'list', 'watch'].includes(verb);
    switch (group === '' ? resource : `${resource}.${group}`) {
      case 'secrets':
      case 'configmaps':
        if (namespace === '') return no('can only read namespaced object of this type');
        return name === '' ? no('No Object name found') : related(node, refers(node, namespace, resource as keyof References, name));
      case 'persistentvolumeclaims':
        return related(node, refers(node, namespace, 'persistentvolumeclaims', name));
      case 'persistentvolumes':
        return related(node, volumeOf(node, name));
      case 'volumeattachments.storage.k8s.io':
        return related(
          node,
          object<VolumeAttachment>('volumeattachments.storage.k8s.io', '', name).then((found) => found?.spec.nodeName === node),
        );
      case 'serviceaccounts':
        return related(node, refers(node, namespace, 'serviceaccounts', name));
      case 'leases.coordination.k8s.io':
        if (namespace !== 'kube-node-lease') return no(`can only access leases in the "kube-node-lease" system namespace`);
        return verb === 'create' || name === node ? YES : no('can only access node lease with the same name as the requesting node');
      case 'csinodes.storage.k8s.io':
        return verb === 'create' || name === node ? YES : no('can only access CSINode with the same name as the requesting node');
      case 'pods':
        return authorizePod(node, attributes);
      case 'nodes':
        if (!reads || name === node) return YES;
        return no(name === '' ? `node '${node}' cannot read all nodes, only its own Node object` : `node '${node}' cannot read '${name}', only its own Node object`);
      default:
        return YES;
    }
  }
  return { authorize };
}
