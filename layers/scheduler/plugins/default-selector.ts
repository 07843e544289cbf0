/** The pods that do the same work as this one: those that its services and its owner select. */
import { controllerOf } from '#control/cache/owner-index.ts';
import type { Cache } from '#control/controller.ts';
import type { ReplicaSet, ReplicationController, Service, StatefulSet } from '#kinds/generated/types.ts';
import { type LabelRequirement, type LabelSelector, selectorFromLabelSelector, selectorFromMap } from '#machinery/labels.ts';
import type { PodInfo } from '../picture/pod-info.ts';

function selectsAll(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  let any = false;
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}

/** `undefined` where the pod belongs to nothing. */
export function defaultSelector(pod: PodInfo, cache: Cache): LabelSelector | undefined {
  const labels: Record<string, string> = {};
  for (const { spec } of cache.list<Service>('services', pod.namespace)) {
    if (spec?.selector !== undefined && selectsAll(spec.selector, pod.labels)) Object.assign(labels, spec.selector);
  }
  const extra: LabelRequirement[] = [];
  const owner = controllerOf(pod.pod);
  if (owner !== undefined) {
    switch (owner.kind) {
      case 'ReplicationController':
        Object.assign(labels, cache.get<ReplicationController>('replicationcontrollers', pod.namespace, owner.name)?.spec?.selector);
        break;
      case 'ReplicaSet':
        extra.push(...selectorFromLabelSelector(cache.get<ReplicaSet>('replicasets.apps', pod.namespace, owner.name)?.spec?.selector).requirements);
        break;
      case 'StatefulSet':
        extra.push(...selectorFromLabelSelector(cache.get<StatefulSet>('statefulsets.apps', pod.namespace, owner.name)?.spec?.selector).requirements);
        break;
      default:
    }
  }
  const requirements = [...selectorFromMap(labels).requirements, ...extra];
  return requirements.length === 0 ? undefined : { requirements };
}
