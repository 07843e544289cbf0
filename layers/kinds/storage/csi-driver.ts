/** CSI drivers. */
import type { CSIDriver, CSIDriverSpec } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, invalid, notSupported, required } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkImmutable } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';

const SHORTEST_TOKEN_S = 600;
const LONGEST_TOKEN_S = 2 ** 32;
const SHORTEST_UPDATE_S = 10;
const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const MODES = ['Persistent', 'Ephemeral'];

function checkTokens(errors: Errors, field: string, requests: CSIDriverSpec['tokenRequests']): void {
  const seen = new Set<string>();
  (requests ?? []).forEach(({ audience = '', expirationSeconds }, index) => {
    const at = `${field}[${index}]`;
    if (seen.has(audience)) {
      errors.push(duplicate(`${at}.audience`, audience));
      return;
    }
    seen.add(audience);
    if (expirationSeconds === undefined) return;
    if (expirationSeconds < SHORTEST_TOKEN_S) errors.push(invalid(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'));
    if (expirationSeconds > LONGEST_TOKEN_S) errors.push(invalid(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  });
}

function validate({ spec }: CSIDriver): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<CSIDriverSpec> = spec ?? {};
  if (own.attachRequired === undefined) errors.push(required('spec.attachedRequired'));
  if (own.podInfoOnMount === undefined) errors.push(required('spec.podInfoOnMount'));
  if (own.storageCapacity === undefined) errors.push(required('spec.storageCapacity'));
  if (own.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(own.fsGroupPolicy)) errors.push(notSupported('spec.fsGroupPolicy', own.fsGroupPolicy, GROUP_POLICIES));
  checkTokens(errors, 'spec.tokenRequests', own.tokenRequests);
  for (const mode of own.volumeLifecycleModes ?? []) if (!MODES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, MODES));
  if (own.seLinuxMount === undefined) errors.push(required('spec.seLinuxMount'));
  const update = own.nodeAllocatableUpdatePeriodSeconds;
  if (update !== undefined && update < SHORTEST_UPDATE_S) errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', update, 'must be greater than or equal to 10 seconds'));
  if (own.serviceAccountTokenInSecrets !== undefined && (own.tokenRequests ?? []).length === 0)
    errors.push(invalid('spec.serviceAccountTokenInSecrets', own.serviceAccountTokenInSecrets, 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'));
  return errors;
}

const flag = (name: string, description: string) => ({ name, type: 'boolean', description }) as const;

export const csiDriver = behaviour<CSIDriver>({
  needsVersion: true,
  defaults(object) {
    const spec = (object.spec ??= {} as CSIDriverSpec);
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  prepareForCreate(object) {
    // behind a gate that is off
    delete object.spec.preventPodSchedulingIfMissing;
  },
  prepareForUpdate(object) {
    delete object.spec.preventPodSchedulingIfMissing;
  },
  validate,
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.attachedRequired', now.spec.attachRequired, old.spec.attachRequired);
    checkImmutable(errors, 'spec.volumeLifecycleModes', now.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes);
    return errors;
  },
  warnings: ({ spec }) =>
    (spec.tokenRequests ?? []).length > 0 && spec.serviceAccountTokenInSecrets === undefined
      ? ['spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes']
      : [],
  columns: [
    flag('AttachRequired', 'attachRequired indicates this CSI volume driver requires an attach operation.'),
    flag('PodInfoOnMount', 'podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations.'),
    flag('StorageCapacity', 'storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report.'),
    text('TokenRequests', "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication."),
    flag(
      'RequiresRepublish',
      'requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume.',
    ),
    text('Modes', 'volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.'),
    AGE,
  ],
  row: ({ metadata, spec }, now) => ({
    cells: [
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      spec.tokenRequests === undefined ? '<unset>' : spec.tokenRequests.map(({ audience }) => audience).join(','),
      spec.requiresRepublish ?? false,
      (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
      age(metadata.creationTimestamp, now),
    ],
  }),
});
