/** Replica sets. */
import type { ReplicaSet, ReplicaSetSpec } from '#kinds/generated/types.ts';
import type { FieldError } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { podTemplateDefaults } from '../core/pod/defaults.ts';
import { checkReplicaCounts } from '../core/replication-controller.ts';
import { checkImmutable, checkNotNegative } from '../shared/check.ts';
import { AGE, CONTAINERS, IMAGES, containerImages, containerNames, integer, text } from '../shared/columns.ts';
import { selectorText } from '../shared/selector.ts';
import { checkTemplateOf, checkWorkloadSelector, namedTemplateWarnings, selectorOf, statusDoor } from '../shared/workload.ts';
import { checkCounts } from './status.ts';

export const replicaSet = behaviour<ReplicaSet>({
  defaults(object) {
    const spec = object.spec as ReplicaSetSpec | undefined;
    if (spec === undefined) return;
    spec.replicas ??= 1;
    podTemplateDefaults(spec.template);
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    const own: Partial<ReplicaSetSpec> = spec ?? {};
    checkNotNegative(errors, 'spec.replicas', own.replicas);
    checkNotNegative(errors, 'spec.minReadySeconds', own.minReadySeconds);
    checkWorkloadSelector(errors, 'spec.selector', own.selector, 'deployment');
    checkTemplateOf(errors, 'spec.template', own.selector, own.template, 'ReplicaSet');
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.selector', now.spec?.selector, old.spec?.selector);
    return errors;
  },
  warnings: namedTemplateWarnings,
  stored: {
    status: statusDoor<ReplicaSet>(({ status }) => {
      const errors: FieldError[] = [];
      checkReplicaCounts(errors, status ?? {});
      checkCounts(errors, status, ['terminatingReplicas']);
      return errors;
    }),
  },
  scale: { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'], selector: selectorOf },
  columns: [
    integer(
      'Desired',
      'Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset',
    ),
    integer('Current', 'Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset'),
    integer('Ready', 'The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.'),
    AGE,
    CONTAINERS,
    IMAGES,
    text(
      'Selector',
      "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels.",
      1,
    ),
  ],
  row: ({ spec, status, metadata }, now) => ({
    cells: [
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(metadata.creationTimestamp, now),
      containerNames(spec?.template?.spec),
      containerImages(spec?.template?.spec),
      selectorText(spec?.selector),
    ],
  }),
});
