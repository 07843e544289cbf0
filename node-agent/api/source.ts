/**
 * What the agent wants of the cluster. The engine is https-source.ts, which lists and watches; one that is rung by a queue can stand
 * beside it. Every read may be answered from what is already known; every write is one request, retried within bounds.
 */
import type { KubeObject } from '#machinery/object.ts';
import type { Pod } from '../pods/pod.ts';
import type { ObjectCache } from './cache.ts';

export interface PodListener {
  /** All pods of the node, after a (new) list: what is not in it is gone from the cluster. */
  replaced(pods: readonly Pod[]): void;
  changed(pod: Pod): void;
  deleted(pod: Pod): void;
}

export interface TokenRequest {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod: { readonly name: string; readonly uid: string };
}

export interface ConfigSource {
  readonly resource: 'configmaps' | 'secrets';
  readonly namespace: string;
  readonly name: string;
}

export interface EventBody {
  readonly namespace: string;
  readonly name: string;
  readonly body: KubeObject;
}

export interface ClusterSource {
  /** Tells of the pods bound to the node until the answer is called. */
  pods(node: string, listener: PodListener): () => void;
  services(): ObjectCache;
  endpointSlices(): ObjectCache;
  /** The node's own object. */
  node(name: string): ObjectCache;
  /** Read now; undefined where it does not exist. */
  config(source: ConfigSource): Promise<KubeObject | undefined>;
  /** Calls back with the object as it is now, again after each change, and at times without one, until the answer is called. */
  followConfig(source: ConfigSource, changed: (now: KubeObject | undefined) => void): () => void;
  /** Any other object, read now; `path` as in `/api/v1/persistentvolumes/x`. */
  read(path: string): Promise<KubeObject | undefined>;
  /** Creates an object that answers a question, such as a review; `path` as in `/apis/authentication.k8s.io/v1/tokenreviews`. */
  ask(path: string, object: KubeObject): Promise<KubeObject>;
  token(namespace: string, serviceAccount: string, request: TokenRequest): Promise<{ readonly token: string; readonly expirationTimestamp: string }>;

  /** A strategic merge patch of the status subresource; rejects with 404 or 409 (uid) when the pod is another's or gone. */
  patchPodStatus(pod: Pod, patch: object): Promise<Pod>;
  /** The end of a graceful deletion: grace 0, only if the uid is still this one. */
  confirmPodDeleted(pod: Pod): Promise<void>;
  createEvent(event: EventBody): Promise<void>;
  patchEvent(event: EventBody): Promise<void>;

  createNode(node: KubeObject): Promise<KubeObject>;
  getNode(name: string): Promise<KubeObject | undefined>;
  /** A strategic merge patch of the object or its status. */
  patchNode(name: string, patch: object, subresource?: 'status'): Promise<KubeObject>;
  /** Creates or replaces the node's lease. */
  putLease(node: string, lease: KubeObject): Promise<KubeObject>;
}
