/** What a claim asks for: of its own, and in the template of one. */
import type { DeviceClaim, DeviceRequest, DeviceSubRequest, ExactDeviceRequest, ResourceClaimSpec } from '#kinds/generated/types.ts';
import { invalid, notSupported, required } from '#machinery/field-error.ts';
import type { Errors } from '../shared/check.ts';
import {
  checkClassName,
  checkConfiguration,
  checkFullyQualified,
  checkLabelName,
  checkList,
  checkSelectors,
  checkSet,
  checkToleration,
  MAX_CONFIGS,
  MAX_REQUESTS,
} from './fields.ts';

const MAX_ALTERNATIVES = 8;
const MAX_CONSTRAINTS = 32;
const ONE = 'exactly one of `exactly` or `firstAvailable` is required';
const NAMES_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

function requestDefaults(request: Partial<ExactDeviceRequest>): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
}

export function claimSpecDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly !== undefined) requestDefaults(exactly);
    for (const request of firstAvailable ?? []) requestDefaults(request);
  }
}

/** The names by which configurations and allocations speak of requests. */
export function requestNames({ requests }: DeviceClaim): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, firstAvailable } of requests ?? []) {
    names.add(name);
    for (const alternative of firstAvailable ?? []) names.add(`${name}/${alternative.name}`);
  }
  return names;
}

export function checkRequestReference(errors: Errors, field: string, name: string, known: ReadonlySet<string>): void {
  const parts = name.split('/');
  if (parts.length > 2) {
    errors.push(invalid(field, name, NAMES_REQUEST));
    return;
  }
  for (const part of parts) checkLabelName(errors, field, part);
  if (!known.has(name)) errors.push(invalid(field, name, NAMES_REQUEST));
}

function checkAsked(errors: Errors, field: string, request: Partial<ExactDeviceRequest>): void {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations } = request;
  checkClassName(errors, `${field}.deviceClassName`, deviceClassName);
  checkSelectors(errors, `${field}.selectors`, selectors);
  if (allocationMode === 'All') {
    if (count !== 0) errors.push(invalid(`${field}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode !== 'ExactCount') errors.push(notSupported(`${field}.allocationMode`, allocationMode, ['All', 'ExactCount']));
  else if (count <= 0) errors.push(invalid(`${field}.count`, count, 'must be greater than zero'));
  (tolerations ?? []).forEach((toleration, index) => checkToleration(errors, `${field}.tolerations[${index}]`, toleration));
}

function checkAlternative(errors: Errors, field: string, request: DeviceSubRequest): void {
  checkLabelName(errors, `${field}.name`, request.name);
  checkAsked(errors, field, request);
}

function checkRequest(errors: Errors, field: string, { name, exactly, firstAvailable = [] }: DeviceRequest): void {
  checkLabelName(errors, `${field}.name`, name);
  if (firstAvailable.length > 0 && exactly !== undefined) errors.push(invalid(field, null, `${ONE}, but multiple fields are set`));
  else if (exactly !== undefined) checkAsked(errors, `${field}.exactly`, exactly);
  else if (firstAvailable.length === 0) errors.push(required(field, ONE));
  else
    checkSet(
      errors,
      `${field}.firstAvailable`,
      firstAvailable,
      MAX_ALTERNATIVES,
      (one) => one.name,
      (one, at) => checkAlternative(errors, at, one),
    );
}

export function checkClaimSpec(errors: Errors, field: string, spec: ResourceClaimSpec | undefined): void {
  const devices = spec?.devices ?? {};
  const at = `${field}.devices`;
  const known = requestNames(devices);
  const references = (names: readonly string[] | undefined, where: string): void =>
    checkSet(
      errors,
      where,
      names,
      MAX_REQUESTS,
      (name) => name,
      (name, place) => checkRequestReference(errors, place, name, known),
    );
  checkSet(
    errors,
    `${at}.requests`,
    devices.requests,
    MAX_REQUESTS,
    ({ name }) => name,
    (request, place) => checkRequest(errors, place, request),
  );
  checkList(errors, `${at}.constraints`, devices.constraints, MAX_CONSTRAINTS, ({ requests, matchAttribute, distinctAttribute }, place) => {
    references(requests, `${place}.requests`);
    if (matchAttribute !== undefined) checkFullyQualified(errors, `${place}.matchAttribute`, matchAttribute);
    else if (distinctAttribute !== undefined) checkFullyQualified(errors, `${place}.distinctAttribute`, distinctAttribute);
    else errors.push(required(place, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'));
  });
  checkList(errors, `${at}.config`, devices.config, MAX_CONFIGS, ({ requests, opaque }, place) => {
    references(requests, `${place}.requests`);
    checkConfiguration(errors, place, opaque);
  });
}
