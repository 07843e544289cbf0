/** Claims of devices. */
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  ResourceV1ResourceClaim as ResourceClaim,
} from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required, tooLong, tooMany } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkNodeSelector } from '../core/pod/validate-scheduling.ts';
import { checkDriverName } from '../core/pod/validate-volumes.ts';
import { parseCIDR } from '../shared/address.ts';
import { type Errors, checkImmutable } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkConditions } from '../shared/conditions.ts';
import { statusOnlyDoor } from '../shared/workload.ts';
import { checkClaimSpec, checkRequestReference, claimSpecDefaults, requestNames } from './claim-spec.ts';
import {
  checkBindingConditions,
  checkConfiguration,
  checkLabelName,
  checkList,
  checkPoolName,
  checkRaw,
  checkSet,
  MAX_CONFIGS,
  MAX_REQUESTS,
  PARAMETERS_LENGTH,
} from './fields.ts';

type Claim = ResourceClaim;

const MAX_CONSUMERS = 256;
const MAX_CONDITIONS = 8;
const MAX_ADDRESSES = 16;
const INTERFACE_LENGTH = 256;
const HARDWARE_LENGTH = 128;
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const idOf = ({ driver, pool, device, shareID }: { readonly driver: string; readonly pool: string; readonly device: string; readonly shareID?: string }): string =>
  `${driver}/${pool}/${device}${shareID === undefined ? '' : `/${shareID}`}`;

function checkShare(errors: Errors, field: string, shareID: string | undefined): void {
  if (shareID !== undefined && !UID.test(shareID))
    errors.push(invalid(field, shareID, 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'));
}

function checkDevice(errors: Errors, field: string, { driver = '', pool, device }: { readonly driver?: string; readonly pool?: string; readonly device?: string }): void {
  checkDriverName(errors, `${field}.driver`, driver);
  checkPoolName(errors, `${field}.pool`, pool);
  checkLabelName(errors, `${field}.device`, device);
}

function checkResult(errors: Errors, field: string, result: DeviceRequestAllocationResult, known: ReadonlySet<string>): void {
  checkRequestReference(errors, `${field}.request`, result.request ?? '', known);
  checkDevice(errors, field, result);
  checkBindingConditions(errors, field, result);
  checkShare(errors, `${field}.shareID`, result.shareID);
}

function checkAllocationConfig(errors: Errors, field: string, { source, requests, opaque }: DeviceAllocationConfiguration, known: ReadonlySet<string>): void {
  if (!source) errors.push(required(`${field}.source`));
  else if (source !== 'FromClaim' && source !== 'FromClass') errors.push(notSupported(`${field}.source`, source, ['FromClaim', 'FromClass']));
  checkSet(
    errors,
    `${field}.requests`,
    requests,
    MAX_REQUESTS,
    (name) => name,
    (name, at) => checkRequestReference(errors, at, name, known),
  );
  checkConfiguration(errors, field, opaque);
}

function checkAllocation(errors: Errors, field: string, { devices, nodeSelector }: AllocationResult, known: ReadonlySet<string>): void {
  checkList(errors, `${field}.devices.results`, devices?.results, MAX_REQUESTS, (result, at) => checkResult(errors, at, result, known));
  checkList(errors, `${field}.devices.config`, devices?.config, 2 * MAX_CONFIGS, (config, at) => checkAllocationConfig(errors, at, config, known));
  if (nodeSelector !== undefined) checkNodeSelector(errors, `${field}.nodeSelector`, nodeSelector);
}

function checkDeviceStatus(errors: Errors, field: string, device: AllocatedDeviceStatus, allocated: ReadonlySet<string>): void {
  checkDevice(errors, field, device);
  checkShare(errors, `${field}.shareID`, device.shareID);
  if (!allocated.has(idOf(device))) errors.push(invalid(field, idOf(device), 'must be an allocated device in the claim'));
  const conditions = device.conditions ?? [];
  if (conditions.length > MAX_CONDITIONS) errors.push(tooMany(`${field}.conditions`, conditions.length, MAX_CONDITIONS));
  checkConditions(errors, `${field}.conditions`, conditions);
  if (device.data !== undefined && device.data !== null) checkRaw(errors, `${field}.data`, device.data, PARAMETERS_LENGTH);
  const { interfaceName = '', hardwareAddress = '', ips } = device.networkData ?? {};
  if (interfaceName.length > INTERFACE_LENGTH) errors.push(tooLong(`${field}.networkData.interfaceName`, INTERFACE_LENGTH));
  if (hardwareAddress.length > HARDWARE_LENGTH) errors.push(tooLong(`${field}.networkData.hardwareAddress`, HARDWARE_LENGTH));
  checkSet(
    errors,
    `${field}.networkData.ips`,
    ips,
    MAX_ADDRESSES,
    (ip) => ip,
    (ip, at) => {
      if (parseCIDR(ip) === undefined) errors.push(invalid(at, ip, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'));
    },
  );
}

function validateStatus({ metadata, spec, status = {} }: Claim, old: Claim): FieldError[] {
  const errors: FieldError[] = [];
  const { allocation, reservedFor = [], devices } = status;
  checkSet(
    errors,
    'status.reservedFor',
    reservedFor,
    MAX_CONSUMERS,
    ({ uid }) => uid,
    (consumer, at) => {
      for (const name of ['resource', 'name', 'uid'] as const) if (!consumer[name]) errors.push(required(`${at}.${name}`));
    },
  );
  const allocated = new Set((allocation?.devices?.results ?? []).map(idOf));
  checkSet(errors, 'status.devices', devices, -1, idOf, (device, at) => checkDeviceStatus(errors, at, device, allocated));
  if (reservedFor.length > 0) {
    if (allocation === undefined) errors.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'));
    else if (metadata.deletionTimestamp !== undefined && reservedFor.some((consumer) => !(old.status?.reservedFor ?? []).some((known) => semanticEqual(known, consumer))))
      errors.push(forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'));
  }
  if (allocation !== undefined) {
    if (old.status?.allocation !== undefined) checkImmutable(errors, 'status.allocation', allocation, old.status.allocation);
    else checkAllocation(errors, 'status.allocation', allocation, requestNames(spec?.devices ?? {}));
  }
  return errors;
}

function stateOf({ metadata, status }: Claim): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  const states = deleted ? ['deleted'] : [];
  if (status?.allocation !== undefined) states.push('allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : []));
  else if (!deleted) states.push('pending');
  return states.join(',');
}

const door = statusOnlyDoor<Claim>(validateStatus);

export const resourceClaim = behaviour<Claim>({
  defaults: ({ spec }) => claimSpecDefaults(spec),
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    // a spec that was accepted once and cannot change is not asked again
    if (metadata.resourceVersion === undefined) checkClaimSpec(errors, 'spec', spec);
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec', now.spec, old.spec);
    return errors;
  },
  stored: {
    status: {
      ...door,
      prepareForUpdate(now, old, context) {
        door.prepareForUpdate(now, old, context);
        // with a device its status goes
        const left = new Set((now.status?.allocation?.devices?.results ?? []).map(idOf));
        const gone = new Set((old.status?.allocation?.devices?.results ?? []).map(idOf).filter((id) => !left.has(id)));
        if (gone.size === 0 || now.status?.devices === undefined) return;
        now.status.devices = now.status.devices.filter((device) => !gone.has(idOf(device)));
        if (now.status.devices.length === 0) delete now.status.devices;
      },
    },
  },
  columns: [text('State', 'A summary of the current state (allocated, pending, reserved, etc.).'), AGE],
  row: (claim, now) => ({ cells: [stateOf(claim), age(claim.metadata.creationTimestamp, now)] }),
});
