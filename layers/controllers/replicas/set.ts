/** What ReplicationController and ReplicaSet have in common, and the little in which they differ. */
import type { Resource } from '#control/client.ts';
import type { Cache } from '#control/controller.ts';
import type { Pod, PodTemplateSpec } from '#kinds/generated/types.ts';
import { type LabelSelector, matches } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Condition } from '../shared/conditions.ts';

export interface ReplicaSetLike extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status?: ReplicaStatus;
}

export interface ReplicaStatus {
  replicas?: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  terminatingReplicas?: number;
  observedGeneration?: number;
  conditions?: Condition[];
}

export interface ReplicaKind {
  readonly controller: string;
  readonly resource: Resource;
  readonly kind: string;
  /** Parsed once per object: see `cachedSelector`. */
  selector(set: KubeObject): LabelSelector;
  /** Sets of the same controller, this one included: their pods count as its neighbours when it has to choose whom to delete. */
  related(set: KubeObject, cache: Cache): readonly KubeObject[];
  /** `terminatingReplicas` exists in apps/v1 only. */
  readonly countsTerminating: boolean;
}

/** Selectors parsed once for each version of an object: the cache hands out the same object until it changes. */
export function cachedSelector(parse: (object: KubeObject) => LabelSelector): (object: KubeObject) => LabelSelector {
  const parsed = new WeakMap<KubeObject, LabelSelector>();
  return (object) => {
    let selector = parsed.get(object);
    if (selector === undefined) {
      selector = parse(object);
      parsed.set(object, selector);
    }
    return selector;
  };
}

/** Empty selectors select nothing here: a set that took every pod of its namespace would be a disaster by omission. */
export const selects = (kind: ReplicaKind, set: KubeObject, object: KubeObject): boolean => {
  const selector = kind.selector(set);
  return selector.requirements.length > 0 && matches(selector, object.metadata.labels);
};

export type OwnedPods = readonly Pod[];
