/** What a pod of a stateful set is: its name and labels, and the claims behind its volumes. */
import type { Pod, StatefulSet, Volume } from '#kinds/generated/types.ts';
import { podFromTemplate } from '../replicas/manage.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';
import { claimName, isMember, ordinalOf, podName, startOf } from './ordinals.ts';

const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[REVISION_LABEL] ?? '';

export function hasIdentity(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  return ordinal >= 0 && isMember(set, pod) && pod.metadata.name === podName(set, ordinal) && pod.metadata.labels?.[NAME_LABEL] === pod.metadata.name;
}

export function hasStorage(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  return (
    ordinal >= 0 &&
    (set.spec?.volumeClaimTemplates ?? []).every((template) =>
      (pod.spec?.volumes ?? []).some(
        ({ name, persistentVolumeClaim }) => name === template.metadata.name && persistentVolumeClaim?.claimName === claimName(set, template, ordinal),
      ),
    )
  );
}

export function withIdentity(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const name = podName(set, ordinal);
  return { ...pod, metadata: { ...pod.metadata, name, labels: { ...pod.metadata.labels, [NAME_LABEL]: name, [INDEX_LABEL]: String(ordinal) } } };
}

/** Volumes of the claim templates take the place of others with their names. */
export function withStorage(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const own: Volume[] = (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name!,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const names = new Set(own.map(({ name }) => name));
  const volumes = [...own, ...(pod.spec?.volumes ?? []).filter(({ name }) => !names.has(name))];
  return volumes.length === 0 ? pod : { ...pod, spec: { ...pod.spec!, volumes } };
}

function makePod(set: StatefulSet, revision: string, ordinal: number): Pod {
  const base = podFromTemplate(set.spec?.template, set);
  const name = podName(set, ordinal);
  const pod: Pod = {
    ...base,
    metadata: { ...base.metadata, name, labels: { ...base.metadata.labels, [REVISION_LABEL]: revision } },
    spec: { ...base.spec!, hostname: name, subdomain: set.spec?.serviceName ?? '' },
  };
  if (pod.spec!.subdomain === '') delete pod.spec!.subdomain;
  return withStorage(set, withIdentity(set, pod));
}

export interface Versions {
  /** The set with the template of its current revision, and of the one it moves to. */
  readonly current: StatefulSet;
  readonly update: StatefulSet;
  readonly currentName: string;
  readonly updateName: string;
}

/** A pod that is not there yet, of the revision that its ordinal should have: below the partition it is the current one. */
export function podOf({ current, update, currentName, updateName }: Versions, ordinal: number): Pod {
  const { type, rollingUpdate } = current.spec?.updateStrategy ?? {};
  const index = ordinal - startOf(current);
  const old = rollingUpdate === undefined ? type === 'RollingUpdate' && index < (current.status?.currentReplicas ?? 0) : index < (rollingUpdate.partition ?? 0);
  return old ? makePod(current, currentName, ordinal) : makePod(update, updateName, ordinal);
}
