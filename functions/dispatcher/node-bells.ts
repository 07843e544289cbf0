/**
 * Messages to nodes' agents. Pods, secrets and config maps are named only: the agent reads them through its door, which judges what it may see.
 * Services and endpoint slices, which every node may read and needs, travel with the message as long as they are small.
 */
import { referencesOf } from '#apiserver/authz/node.ts';
import type { Cache, Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Node, Pod } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { sameJson } from './same.ts';

/** Ten messages of this size are well inside of what SQS takes in one call, and each is one billed request. Bytes. */
const LONGEST_OBJECT = 16 * 1024;

/** As `node-agent/api/aws/bell.ts` reads it. */
export interface Bell {
  readonly cluster: string;
  readonly resource: string;
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly uid: string;
  readonly rv: string;
  /** The object was removed. */
  readonly gone?: true;
  readonly object?: KubeObject;
}

/** Resources whose changes ring all nodes. */
const FOR_ALL: ReadonlySet<string> = new Set(['services', 'endpointslices.discovery.k8s.io']);
const FOR_USERS: ReadonlySet<string> = new Set(['secrets', 'configmaps']);

/** What must be known to say whom changes of these resources concern. */
export function lookedUpForNodes(resources: Iterable<string>): readonly string[] {
  const found = new Set<string>();
  for (const resource of resources) {
    if (FOR_ALL.has(resource)) found.add('nodes');
    if (FOR_USERS.has(resource)) found.add('pods');
  }
  return Array.from(found);
}

/** The node whose agent has something to do. Status that the agent wrote itself rings nobody. */
function nodeOfPod({ old, now }: Mapped<Pod>): string {
  const pod = (now ?? old)!;
  const node = pod.spec?.nodeName ?? '';
  const quiet =
    old !== undefined &&
    now !== undefined &&
    old.spec?.nodeName === node &&
    old.metadata.generation === now.metadata.generation &&
    old.metadata.deletionTimestamp === now.metadata.deletionTimestamp &&
    sameJson(old.metadata.labels, now.metadata.labels) &&
    sameJson(old.metadata.annotations, now.metadata.annotations);
  return quiet ? '' : node;
}

/** A node follows its own object for its range, its labels and its taints; what it says of itself is no news to it. */
function isNewsToNode({ old, now }: Mapped<Node>): boolean {
  if (old === undefined || now === undefined) return true;
  const seen = ({ spec, metadata: { labels, annotations, deletionTimestamp } }: Node): object => ({ spec, labels, annotations, deletionTimestamp });
  return !sameJson(seen(old), seen(now));
}

function nodesOf(resource: string, change: Mapped, cache: Cache): readonly string[] {
  if (resource === 'pods') return [nodeOfPod(change as Mapped<Pod>)].filter((node) => node !== '');
  if (resource === 'nodes') return isNewsToNode(change as Mapped<Node>) ? [(change.now ?? change.old)!.metadata.name!] : [];
  if (FOR_ALL.has(resource)) return cache.list('nodes').map(({ metadata }) => metadata.name!);
  if (!FOR_USERS.has(resource)) return [];
  const { namespace, name } = (change.now ?? change.old)!.metadata;
  const users = cache.list<Pod>('pods', namespace).filter((pod) => (pod.spec?.nodeName ?? '') !== '' && referencesOf(pod)[resource as 'secrets' | 'configmaps'].has(name!));
  return Array.from(new Set(users.map((pod) => pod.spec!.nodeName!)));
}

function bellOf(cluster: string, resource: string, { old, now }: Mapped): Bell {
  const object = (now ?? old)!;
  const bell = { cluster, resource, key: keyOf(object), uid: object.metadata.uid ?? '', rv: object.metadata.resourceVersion ?? '' };
  if (now === undefined) return { ...bell, gone: true };
  if (!FOR_ALL.has(resource)) return bell;
  // managed fields are as long as the rest, and no agent reads them
  const { managedFields: _, ...metadata } = now.metadata;
  const short = { ...now, metadata };
  return Buffer.byteLength(JSON.stringify(short)) > LONGEST_OBJECT ? bell : { ...bell, object: short };
}

/** What each node is to hear, the newest of each object. */
export function bellsOf(cluster: string, logs: readonly { readonly resource: string; readonly changes: readonly Mapped[] }[], cache: Cache): ReadonlyMap<string, readonly Bell[]> {
  const bells = new Map<string, Map<string, Bell>>();
  for (const { resource, changes } of logs) {
    for (const change of changes) {
      const nodes = nodesOf(resource, change, cache);
      if (nodes.length === 0) continue;
      const bell = bellOf(cluster, resource, change);
      for (const node of nodes) {
        const ofNode = bells.get(node) ?? new Map<string, Bell>();
        // a name may be another object's by now, and the agent must hear that the first one is gone
        ofNode.set(`${resource} ${bell.key} ${bell.uid}`, bell);
        bells.set(node, ofNode);
      }
    }
  }
  return new Map(Array.from(bells, ([node, ofNode]) => [node, Array.from(ofNode.values())]));
}
