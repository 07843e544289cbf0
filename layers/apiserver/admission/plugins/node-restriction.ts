/** NodeRestriction: a node changes its own Node object and lease, and only the pods that are bound to it (Kubernetes "NodeRestriction"). */
import type { Node, Pod } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbiddenRequest, notFound } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../port.ts';
import { read } from '../read.ts';
import { nodeOf, referencesOf } from '../../authz/node.ts';
import type { Services } from '../../server.port.ts';
import { audienceError } from './node-audience.ts';

const RESTRICTED_LABEL = /(^|\.)node-restriction\.kubernetes\.io\//;
/** Labels under these domains that a node may set on itself. */
const OWN_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const OWN_PREFIXES = /^(kubelet|node)\.kubernetes\.io\/|\.(kubelet|node)\.kubernetes\.io\//;

function forbiddenLabels(labels: Readonly<Record<string, string>> | undefined, old: Readonly<Record<string, string>> | undefined): string[] {
  const changed = new Set([...Object.keys(labels ?? {}), ...Object.keys(old ?? {})].filter((key) => labels?.[key] !== old?.[key]));
  return [...changed].filter((key) => RESTRICTED_LABEL.test(key) || (/(^|\.)(kubernetes|k8s)\.io\//.test(key) && !OWN_LABELS.has(key) && !OWN_PREFIXES.test(key))).toSorted();
}

/** What of a claim's status its node reports. */
const OWN_CLAIM_FIELDS = ['capacity', 'conditions', 'allocatedResourceStatuses', 'allocatedResources'];

function claimWithoutOwnFields({ metadata, status, ...rest }: KubeObject): unknown {
  const { resourceVersion: _, managedFields: __, ...meta } = metadata;
  return { ...rest, metadata: meta, status: Object.fromEntries(Object.entries((status as object | undefined) ?? {}).filter(([name]) => !OWN_CLAIM_FIELDS.includes(name))) };
}

interface TokenSpec {
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string };
  readonly audiences?: readonly string[];
}

/** A mirror pod belongs to its node, and uses nothing of the cluster. */
async function mirrorPodError(pod: Pod, node: string, store: Store): Promise<string | undefined> {
  const quoted = JSON.stringify(node);
  const owners = pod.metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owners.length > 1) return `node ${quoted} can only create pods with a single owner reference set to itself`;
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `node ${quoted} can only create pods with an owner reference set to itself`;
  if (owner.controller !== true) return `node ${quoted} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion === true) return `node ${quoted} must not set blockOwnerDeletion on an owner reference`;
  const own = await read<Node>(store, 'nodes', '', node);
  if (own === undefined) throw notFound({ group: '', resource: 'nodes' }, node);
  if (owner.uid !== own.metadata.uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${own.metadata.uid}`;
  const { spec } = pod;
  if (spec?.serviceAccountName) return `node ${quoted} can not create pods that reference a service account`;
  const references = referencesOf(pod);
  if (references.secrets.size > 0) return `node ${quoted} can not create pods that reference secrets`;
  if (references.configmaps.size > 0) return `node ${quoted} can not create pods that reference configmaps`;
  if ((spec?.volumes ?? []).some(({ projected }) => projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined)))
    return `node ${quoted} can not create pods that reference clustertrustbundles`;
  if ((spec?.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined))
    return `node ${quoted} can not create pods that reference persistentvolumeclaims`;
  return undefined;
}

export const nodeRestriction = (services: (() => Services) | undefined): AdmissionPlugin => ({
  name: 'NodeRestriction',
  handles: ({ user, group, resource }) =>
    nodeOf(user) !== undefined &&
    ((group === '' && (resource === 'nodes' || resource === 'pods' || resource === 'serviceaccounts' || resource === 'persistentvolumeclaims')) ||
      (group === 'coordination.k8s.io' && resource === 'leases') ||
      (group === 'storage.k8s.io' && resource === 'csinodes')),
  async validate(attributes: AdmissionAttributes, { store }) {
    const { user, operation, group, resource, subresource, namespace, name, object, oldObject } = attributes;
    const node = nodeOf(user)!;
    const refuse = (why: string): never => {
      throw forbiddenRequest({ group, resource }, name, why);
    };
    switch (resource) {
      case 'nodes': {
        const target = name !== '' ? name : (object?.metadata.name ?? '');
        if (target !== node) refuse(`node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(target)}`);
        if (operation === 'DELETE') return;
        const [now, old] = [object as Node, oldObject as Node | undefined];
        const labels = forbiddenLabels(now.metadata.labels, old?.metadata.labels);
        if (labels.length > 0)
          refuse(
            operation === 'CREATE'
              ? `node ${JSON.stringify(node)} is not allowed to set the following labels: ${labels.join(', ')}`
              : `is not allowed to modify labels: ${labels.join(', ')}`,
          );
        if (operation === 'UPDATE' && JSON.stringify(now.spec?.taints ?? []) !== JSON.stringify(old?.spec?.taints ?? []))
          refuse(`node ${JSON.stringify(node)} is not allowed to modify taints`);
        // an owner that is not there would have the node collected
        if (operation === 'UPDATE' && !semanticEqual(now.metadata.ownerReferences, old?.metadata.ownerReferences))
          refuse(`node ${JSON.stringify(node)} is not allowed to modify ownerReferences`);
        if (operation === 'CREATE' && now.spec?.configSource !== undefined) refuse(`node ${JSON.stringify(node)} is not allowed to create pods with a non-nil configSource`);
        if (operation === 'UPDATE' && now.spec?.configSource !== undefined && !semanticEqual(now.spec.configSource, old?.spec?.configSource))
          refuse(`node ${JSON.stringify(node)} is not allowed to update configSource to a new non-nil configSource`);
        return;
      }
      case 'pods': {
        if (subresource === 'eviction' && operation === 'CREATE') {
          const pod = await read<Pod>(store, 'pods', namespace, name);
          if (pod !== undefined && pod.spec?.nodeName !== node) refuse(`node ${JSON.stringify(node)} can only evict pods with spec.nodeName set to itself`);
          return;
        }
        if (operation === 'CREATE' && subresource === '') {
          const pod = object as Pod;
          if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
            refuse(`pod does not have "kubernetes.io/config.mirror" annotation, node ${JSON.stringify(node)} can only create mirror pods`);
          if (pod.spec?.nodeName !== node) refuse(`node ${JSON.stringify(node)} can only create pods with spec.nodeName set to itself`);
          const why = await mirrorPodError(pod, node, store);
          if (why !== undefined) refuse(why);
          return;
        }
        if (operation === 'UPDATE' && subresource !== 'status') refuse(`unexpected operation ${operation}, node ${JSON.stringify(node)} can only create and delete mirror pods`);
        const pod = (oldObject as Pod | undefined) ?? (await read<Pod>(store, 'pods', namespace, name));
        if (pod !== undefined && pod.spec?.nodeName !== node)
          refuse(`node ${JSON.stringify(node)} can only ${operation === 'DELETE' ? 'delete' : 'update'} pods with spec.nodeName set to itself`);
        if (operation === 'UPDATE' && JSON.stringify((object as Pod).metadata.labels ?? {}) !== JSON.stringify(pod?.metadata.labels ?? {}))
          refuse(`node ${JSON.stringify(node)} cannot update labels through pod status`);
        return;
      }
      case 'serviceaccounts': {
        if (subresource !== 'token') return;
        const { boundObjectRef: bound, audiences } = (object as unknown as { spec?: TokenSpec }).spec ?? {};
        if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || !bound.name) return refuse('node requested token not bound to a pod');
        if (bound.uid === undefined || bound.uid === '') refuse('node requested token with a pod binding without a uid');
        const pod = await read<Pod>(store, 'pods', namespace, bound.name);
        if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, bound.name);
        if (pod.metadata.uid !== bound.uid)
          refuse(`the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
        if (pod.spec?.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node');
        const why = services === undefined ? undefined : await audienceError(store, services().authorizer, user, pod, audiences ?? []);
        if (why !== undefined) refuse(why);
        return;
      }
      case 'persistentvolumeclaims': {
        if (subresource !== 'status') refuse('may only update PVC status');
        if (!semanticEqual(claimWithoutOwnFields(object!), claimWithoutOwnFields(oldObject!)))
          refuse(`node ${JSON.stringify(node)} is not allowed to update fields other than status.capacity and status.conditions`);
        return;
      }
      case 'csinodes': {
        const target = name !== '' ? name : (object?.metadata.name ?? '');
        if (target !== node) refuse('can only access CSINode with the same name as the requesting node');
        return;
      }
      default: {
        if (namespace !== 'kube-node-lease') refuse('can only access leases in the "kube-node-lease" system namespace');
        const target = name !== '' ? name : (object?.metadata.name ?? '');
        if (target !== node) refuse(`can only access node lease with the same name as the requesting node`);
      }
    }
  },
});
