/** One device of a slice: attributes, capacities, counters, taints. */
import type { CapacityRequestPolicy, Device, DeviceAttribute, DeviceTaint } from '#kinds/generated/types.ts';
import { forbidden, invalid, notSupported, required, tooLong, tooMany } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '#machinery/names.ts';
import { checkNodeSelector } from '../core/pod/validate-scheduling.ts';
import { quantityOf } from '../core/pod/validate-resources.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { checkBindingConditions, checkLabelName, checkList, checkQualified, checkSet, TAINT_EFFECTS } from './fields.ts';

const MAX_ENTRIES = 32;
const MAX_VALUES = 48;
const MAX_TAINTS = 16;
const MAX_COUNTER_SETS = 2;
const MAX_COUNTERS = 32;
const MAX_OPTIONS = 10;
const VALUE_LENGTH = 64;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const NODES = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function checkAttribute(errors: Errors, field: string, attribute: DeviceAttribute): void {
  const { string: word, version } = attribute;
  if (word !== undefined && word.length > VALUE_LENGTH) errors.push(tooLong(`${field}.string`, VALUE_LENGTH));
  if (version !== undefined) {
    if (!SEMVER.test(version)) errors.push(invalid(`${field}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (version.length > VALUE_LENGTH) errors.push(tooLong(`${field}.version`, VALUE_LENGTH));
  }
  const count = Object.values(attribute).filter((value) => value !== undefined).length;
  if (count !== 1) errors.push(invalid(field, count === 0 ? '' : attribute, 'exactly one value must be specified'));
}

const less = (a: string, b: string): boolean => quantityOf(a).nano < quantityOf(b).nano;

function checkStep(errors: Errors, field: string, value: string, min: string, step: string): void {
  const size = quantityOf(step).nano;
  if (size !== 0n && (quantityOf(value).nano - quantityOf(min).nano) % size !== 0n)
    errors.push(invalid(field, value, `value is not a multiple of a given step (${step}) from (${min})`));
}

function checkRange(errors: Errors, field: string, { min, max, step }: NonNullable<CapacityRequestPolicy['validRange']>, chosen: string, capacity: string): void {
  if (min === undefined) {
    errors.push(required(`${field}.min`, 'required when validRange is defined'));
    return;
  }
  if (less(capacity, min)) errors.push(invalid(`${field}.min`, min, `min is larger than capacity value: ${capacity}`));
  if (less(chosen, min)) errors.push(invalid(`${field}.min`, chosen, `default is less than min: ${min}`));
  if (max !== undefined) {
    if (less(max, min)) errors.push(invalid(`${field}.max`, min, `min is larger than max: ${max}`));
    if (less(capacity, max)) errors.push(invalid(`${field}.max`, max, `max is larger than capacity value: ${capacity}`));
    if (less(max, chosen)) errors.push(invalid(`${field}.max`, chosen, `default is more than max: ${max}`));
  }
  if (step === undefined) return;
  checkStep(errors, `${field}.step`, chosen, min, step);
  if (max !== undefined) checkStep(errors, `${field}.step`, max, min, step);
}

function checkPolicy(errors: Errors, field: string, { default: chosen, validValues = [], validRange }: CapacityRequestPolicy, capacity: string): void {
  if (validValues.length > 0 && validRange !== undefined) {
    errors.push(forbidden(field, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'));
    return;
  }
  if (validValues.length > 0) {
    if (chosen === undefined || chosen === null) {
      errors.push(required(`${field}.default`, 'required when validValues is defined'));
      return;
    }
    const at = `${field}.validValues`;
    validValues.forEach((value, index) => {
      if (index > 0 && less(value, validValues[index - 1]!)) errors.push(invalid(`${at}[${index}]`, value, 'values must be sorted in ascending order'));
    });
    checkSet(
      errors,
      at,
      validValues,
      MAX_OPTIONS,
      (value) => String(quantityOf(value).nano),
      (value, place) => {
        if (less(capacity, value)) errors.push(invalid(place, value, `option is larger than capacity value: ${capacity}`));
      },
    );
    if (!validValues.some((value) => quantityOf(value).nano === quantityOf(chosen).nano))
      errors.push(invalid(at, chosen, 'default value is not valid according to the requestPolicy'));
  } else if (validRange !== undefined) {
    if (chosen === undefined || chosen === null) errors.push(required(`${field}.default`, 'required when validRange is defined'));
    else checkRange(errors, `${field}.validRange`, validRange, chosen, capacity);
  }
}

function checkTaint(errors: Errors, field: string, { key = '', value = '', effect = '' }: Partial<DeviceTaint>): void {
  checkText(errors, `${field}.key`, key, isQualifiedName(key));
  if (value !== '') checkText(errors, `${field}.value`, value, isLabelValue(value));
  if (effect === '') errors.push(required(`${field}.effect`));
  else if (!TAINT_EFFECTS.includes(effect)) errors.push(notSupported(`${field}.effect`, effect, TAINT_EFFECTS));
}

export function checkCounters(errors: Errors, field: string, counters: Readonly<Record<string, unknown>> | undefined): void {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) errors.push(required(field));
  else if (names.length > MAX_COUNTERS) errors.push(tooMany(field, names.length, MAX_COUNTERS));
  else for (const name of names) checkText(errors, field, name, isDNS1123Label(name));
}

function checkNodes(errors: Errors, field: string, { nodeName, nodeSelector, allNodes }: Device, perDevice: boolean): void {
  if (!perDevice) {
    if (nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined)
      errors.push(invalid(field, null, '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'));
    return;
  }
  const set: string[] = [];
  if (nodeName === '') errors.push(invalid(`${field}.nodeName`, nodeName, 'must not be empty'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    checkText(errors, `${field}.nodeName`, nodeName, isDNS1123Subdomain(nodeName));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    checkNodeSelector(errors, `${field}.nodeSelector`, nodeSelector);
  }
  if (allNodes === true) set.push('`allNodes`');
  else if (allNodes === false) errors.push(invalid(`${field}.allNodes`, allNodes, 'must be either unset or set to true'));
  if (set.length === 0) errors.push(required(field, NODES));
  else if (set.length > 1) errors.push(invalid(field, `{${set.join(', ')}}`, NODES));
}

export function checkSliceDevice(errors: Errors, field: string, device: Device, old: Device | undefined, perDevice: boolean): void {
  const { name, attributes = {}, capacity = {}, taints, consumesCounters } = device;
  checkLabelName(errors, `${field}.name`, name);
  const [attributeNames, capacityNames] = [Object.keys(attributes), Object.keys(capacity)];
  const entries = attributeNames.length + capacityNames.length;
  if (entries > MAX_ENTRIES) errors.push(invalid(field, entries, `the total number of attributes and capacities must not exceed ${MAX_ENTRIES}`));
  if (attributeNames.length > MAX_VALUES) errors.push(invalid(field, attributeNames.length, `the total number of attribute values must not exceed ${MAX_VALUES}`));
  for (const key of attributeNames) {
    checkQualified(errors, `${field}.attributes`, key);
    checkAttribute(errors, `${field}.attributes[${key}]`, attributes[key]!);
  }
  for (const key of capacityNames) {
    checkQualified(errors, `${field}.capacity`, key);
    const { value, requestPolicy } = capacity[key]!;
    if (requestPolicy === undefined) continue;
    const at = `${field}.capacity[${key}].requestPolicy`;
    if (device.allowMultipleAllocations === true) checkPolicy(errors, at, requestPolicy, value);
    else errors.push(forbidden(at, 'allowMultipleAllocations must be true'));
  }
  if (!semanticEqual(taints, old?.taints)) checkList(errors, `${field}.taints`, taints, MAX_TAINTS, (taint, at) => checkTaint(errors, at, taint));
  checkSet(
    errors,
    `${field}.consumesCounters`,
    consumesCounters,
    MAX_COUNTER_SETS,
    ({ counterSet }) => counterSet,
    ({ counterSet, counters }, at) => {
      if (!counterSet) errors.push(required(`${at}.counterSet`));
      else checkLabelName(errors, `${at}.counterSet`, counterSet);
      checkCounters(errors, `${at}.counters`, counters);
    },
  );
  checkNodes(errors, field, device, perDevice);
  checkBindingConditions(errors, field, device);
}
