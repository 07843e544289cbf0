/** Slices of a driver's pool of devices. */
import type { ResourceSlice, ResourceSliceSpec } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { age, timestamp } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import type { KindContext } from '../kind.ts';
import { checkNodeSelector } from '../core/pod/validate-scheduling.ts';
import { checkDriverName } from '../core/pod/validate-volumes.ts';
import { type Errors, checkImmutable, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkCounters, checkSliceDevice } from './device.ts';
import { checkLabelName, checkPoolName, checkSet } from './fields.ts';

const MAX_DEVICES = 128;
/** Of devices with taints or counters, which take more to look at. */
const MAX_RICH_DEVICES = 64;
const MAX_COUNTER_SETS = 8;
const ONE = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

function checkNodes(errors: Errors, { nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: Partial<ResourceSliceSpec>): void {
  const set: string[] = [];
  if (nodeName === '') errors.push(invalid('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    checkText(errors, 'spec.nodeName', nodeName, isDNS1123Subdomain(nodeName));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    checkNodeSelector(errors, 'spec.nodeSelector', nodeSelector);
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    if (terms.length !== 1) errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term'));
  }
  for (const [name, value] of Object.entries({ allNodes, perDeviceNodeSelection })) {
    if (value === true) set.push(`\`${name}\``);
    else if (value === false) errors.push(invalid(`spec.${name}`, value, 'must be either unset or set to true'));
  }
  if (set.length === 0) errors.push(required('spec', ONE));
  else if (set.length > 1) errors.push(invalid('spec', `{${set.join(', ')}}`, `${ONE}, but multiple fields are set`));
}

function check({ spec }: ResourceSlice, old: ResourceSlice | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<ResourceSliceSpec> = spec ?? {};
  const { driver = '', pool, devices, sharedCounters } = own;
  checkDriverName(errors, 'spec.driver', driver);
  checkPoolName(errors, 'spec.pool.name', pool?.name);
  const { resourceSliceCount = 0, generation = 0 } = pool ?? {};
  if (resourceSliceCount <= 0) errors.push(invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'));
  if (generation < 0) errors.push(invalid('spec.pool.generation', generation, 'must be greater than or equal to zero'));
  if (old !== undefined) {
    checkImmutable(errors, 'spec.pool.name', pool?.name, old.spec.pool.name);
    checkImmutable(errors, 'spec.driver', driver, old.spec.driver);
    checkImmutable(errors, 'spec.nodeName', own.nodeName, old.spec.nodeName);
  }
  checkNodes(errors, own);
  if (sharedCounters !== undefined && devices !== undefined) errors.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const rich = (devices ?? []).some(({ taints, consumesCounters }) => (taints ?? []).length + (consumesCounters ?? []).length > 0);
  checkSet(
    errors,
    'spec.devices',
    devices,
    rich ? MAX_RICH_DEVICES : MAX_DEVICES,
    ({ name }) => name,
    (device, at) =>
      checkSliceDevice(
        errors,
        at,
        device,
        old?.spec.devices?.find(({ name }) => name === device.name),
        own.perDeviceNodeSelection === true,
      ),
  );
  checkSet(
    errors,
    'spec.sharedCounters',
    sharedCounters,
    MAX_COUNTER_SETS,
    ({ name }) => name,
    ({ name, counters }, at) => {
      if (!name) errors.push(required(`${at}.name`));
      else checkLabelName(errors, `${at}.name`, name);
      checkCounters(errors, `${at}.counters`, counters);
    },
  );
  return errors;
}

/** Fields behind gates that are off, and the time of taints that have none. */
function prepare({ spec }: ResourceSlice, { clock }: KindContext): void {
  for (const device of spec?.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {})) for (const name of ['ints', 'bools', 'strings', 'versions'] as const) delete attribute[name];
    for (const taint of device.taints ?? []) taint.timeAdded ??= timestamp(clock.now());
  }
}

export const resourceSlice = behaviour<ResourceSlice>({
  prepareForCreate: prepare,
  prepareForUpdate: (now, _, context) => prepare(now, context),
  validate: (object) => (object.metadata.resourceVersion === undefined ? check(object, undefined) : []),
  validateUpdate: check,
  fields: { 'spec.nodeName': ({ spec }) => spec?.nodeName ?? '', 'spec.driver': ({ spec }) => spec?.driver ?? '' },
  columns: [
    text(
      'Node',
      'NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.',
    ),
    text(
      'Driver',
      'Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.',
    ),
    text('Pool', 'Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required.'),
    AGE,
  ],
  row: ({ metadata, spec }, now) => ({ cells: [spec?.nodeName ?? '', spec?.driver ?? '', spec?.pool?.name ?? '', age(metadata.creationTimestamp, now)] }),
});
