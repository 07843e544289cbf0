/** Pods. */
import type { Pod } from '#kinds/generated/types.ts';
import { type FieldError, forbidden } from '#machinery/field-error.ts';
import { behaviour } from '../../behaviour.ts';
import { podColumns, podRow } from './columns.ts';
import { podDefaults } from './defaults.ts';
import { preparePod } from './prepare.ts';
import { prepareStatus, validatePodStatus } from './status.ts';
import { validateEphemeralUpdate, validatePodUpdate, validateResize } from './update.ts';
import { validatePodAlways } from './validate.ts';
import { podWarnings } from './warnings.ts';

const isCreate = (pod: Pod): boolean => (pod.metadata.resourceVersion ?? '') === '';

function validate(pod: Pod): FieldError[] {
  const errors = validatePodAlways(pod);
  if (!isCreate(pod)) return errors;
  if ((pod.spec?.ephemeralContainers ?? []).length > 0) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (pod.spec?.nodeName && (pod.spec.schedulingGates ?? []).length > 0) errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  return errors;
}

/** Keeps everything of the old pod but what the door is for. */
function keepAllBut(now: Pod, old: Pod, change: (now: Pod, old: Pod) => void): void {
  const incoming = { ...now };
  for (const key of Object.keys(now)) if (key !== 'metadata') delete now[key];
  Object.assign(now, structuredClone({ apiVersion: old.apiVersion, kind: old.kind, spec: old.spec, status: old.status }));
  change(now, incoming as Pod);
}

export const pod = behaviour<Pod>({
  defaults: podDefaults,
  prepareForCreate: preparePod,
  preparesWhole: true,
  validate,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
  gracePeriod(object, asked) {
    if (!object.spec?.nodeName || object.status?.phase === 'Succeeded' || object.status?.phase === 'Failed') return 0;
    const seconds = asked ?? object.spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
  stored: {
    status: { prepareForUpdate: prepareStatus, validateUpdate: validatePodStatus, resetFields: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']] },
    ephemeralcontainers: {
      resetFields: [],
      prepareForUpdate(now, old) {
        keepAllBut(now, old, (kept, incoming) => {
          if (kept.spec === undefined) return;
          if (incoming.spec?.ephemeralContainers === undefined) delete kept.spec.ephemeralContainers;
          else kept.spec.ephemeralContainers = incoming.spec.ephemeralContainers;
        });
      },
      validateUpdate: validateEphemeralUpdate,
    },
    resize: {
      resetFields: [],
      prepareForUpdate(now, old) {
        keepAllBut(now, old, (kept, incoming) => {
          if (kept.spec === undefined) return;
          if (incoming.spec?.resources !== undefined) kept.spec.resources = incoming.spec.resources;
          for (const name of ['containers', 'initContainers'] as const)
            kept.spec[name]?.forEach((container, index) => {
              const wanted = incoming.spec?.[name]?.[index];
              if (wanted?.name !== container.name) return;
              if (wanted.resources === undefined) delete container.resources;
              else container.resources = wanted.resources;
              if (wanted.resizePolicy === undefined) delete container.resizePolicy;
              else container.resizePolicy = wanted.resizePolicy;
            });
        });
      },
      validateUpdate: validateResize,
    },
  },
  fields: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork === true),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    'status.podIPs': ({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  row: podRow,
});
