/** Rules that the kinds of resource.k8s.io share (`apis/resource/validation`). */
import type { DeviceSelector, DeviceToleration, OpaqueDeviceConfiguration } from '#kinds/generated/types.ts';
import { CelCompileError } from '#machinery/cel/api.ts';
import { compileCel } from '#machinery/cel/cel.ts';
import { BOOL, DYN, formatType, mapOf, objectType, opaque, STRING } from '#machinery/cel/types.ts';
import { duplicate, invalid, notSupported, required, tooLong, tooMany } from '#machinery/field-error.ts';
import { isCIdentifier, isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '#machinery/names.ts';
import { checkDriverName } from '../core/pod/validate-volumes.ts';
import { type Errors, checkText } from '../shared/check.ts';

/** Allocations, and with them requests, of a claim. */
export const MAX_REQUESTS = 32;
export const MAX_CONFIGS = 32;
const MAX_SELECTORS = 32;
const MAX_BINDING_CONDITIONS = 4;
const POOL_LENGTH = 253;
const ID_LENGTH = 32;
const EXPRESSION_LENGTH = 10 * 1024;
export const PARAMETERS_LENGTH = 10 * 1024;
export const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

/** Each item by itself; nothing where there are too many. */
export function checkList<T>(errors: Errors, field: string, list: readonly T[] | undefined, most: number, check: (item: T, at: string) => void): void {
  const items = list ?? [];
  if (most >= 0 && items.length > most) errors.push(tooMany(field, items.length, most));
  else items.forEach((item, index) => check(item, `${field}[${index}]`));
}

/** The same for items that each have a key of their own. */
export function checkSet<T>(errors: Errors, field: string, list: readonly T[] | undefined, most: number, keyOf: (item: T) => unknown, check: (item: T, at: string) => void): void {
  checkList(errors, field, list, most, check);
  if (most >= 0 && (list ?? []).length > most) return;
  const seen = new Set<string>();
  (list ?? []).forEach((item, index) => {
    const key = keyOf(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(`${field}[${index}]`, key));
    seen.add(text);
  });
}

export const checkLabelName = (errors: Errors, field: string, name: string | undefined): void => checkText(errors, field, name ?? '', isDNS1123Label(name ?? ''));

export function checkPoolName(errors: Errors, field: string, name: string | undefined): void {
  if (!name) {
    errors.push(required(field));
    return;
  }
  if (name.length > POOL_LENGTH) errors.push(tooLong(field, POOL_LENGTH));
  for (const part of name.split('/')) checkText(errors, field, part, isDNS1123Subdomain(part));
}

export function checkClassName(errors: Errors, field: string, name: string | undefined): void {
  if (!name) errors.push(required(field));
  else checkText(errors, field, name, isDNS1123Subdomain(name));
}

function checkIdentifier(errors: Errors, field: string, name: string): void {
  if (name.length > ID_LENGTH) errors.push(tooLong(field, ID_LENGTH));
  checkText(errors, field, name, isCIdentifier(name));
}

/** `name` or `domain/name`, of an attribute or a capacity. */
export function checkQualified(errors: Errors, field: string, name: string): void {
  const [domain = '', rest, ...more] = name.split('/');
  if (more.length > 0) return;
  if (rest === undefined) {
    checkIdentifier(errors, field, domain);
    return;
  }
  if (domain === '') errors.push(invalid(field, '', 'the domain must not be empty'));
  else checkDriverName(errors, field, domain);
  if (rest === '') errors.push(invalid(field, '', 'the name must not be empty'));
  else checkIdentifier(errors, field, rest);
}

export function checkFullyQualified(errors: Errors, field: string, name: string): void {
  checkQualified(errors, field, name);
  if (!name.includes('/')) errors.push(invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash'));
}

const DEVICE = objectType('kubernetes.DRADevice', {
  driver: STRING,
  attributes: mapOf(STRING, mapOf(STRING, DYN)),
  capacity: mapOf(STRING, mapOf(STRING, opaque('kubernetes.Quantity'))),
  allowMultipleAllocations: BOOL,
});

/** What is wrong with an expression over a device, if anything. */
function expressionMessage(expression: string): string | undefined {
  try {
    const { type } = compileCel(expression, { variables: { device: DEVICE } });
    return type.kind === 'bool' || type.kind === 'dyn' ? undefined : `must evaluate to bool or the unknown type, not ${formatType(type)}`;
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return `compilation failed: ${error.message}`;
  }
}

/** `checked`: expressions that were accepted before, which stay accepted. */
export function checkSelectors(errors: Errors, field: string, selectors: readonly DeviceSelector[] | undefined, checked = false): void {
  checkList(errors, field, selectors, MAX_SELECTORS, ({ cel }, at) => {
    if (cel === undefined) errors.push(required(`${at}.cel`));
    else if ((cel.expression ?? '').length > EXPRESSION_LENGTH) errors.push(tooLong(`${at}.cel.expression`, EXPRESSION_LENGTH));
    else if (!checked) {
      const message = expressionMessage(cel.expression ?? '');
      if (message !== undefined) errors.push(invalid(`${at}.cel.expression`, cel.expression ?? '', message));
    }
  });
}

export function checkRaw(errors: Errors, field: string, value: unknown, longest: number): void {
  if (value === undefined || value === null) errors.push(required(field));
  else if (JSON.stringify(value).length > longest) errors.push(tooLong(field, longest));
  else if (typeof value !== 'object' || Array.isArray(value)) errors.push(invalid(field, '<value omitted>', 'must be a valid JSON object'));
}

export function checkConfiguration(errors: Errors, field: string, opaqueConfig: OpaqueDeviceConfiguration | undefined): void {
  if (opaqueConfig === undefined) {
    errors.push(required(`${field}.opaque`));
    return;
  }
  checkDriverName(errors, `${field}.opaque.driver`, opaqueConfig.driver ?? '');
  checkRaw(errors, `${field}.opaque.parameters`, opaqueConfig.parameters, PARAMETERS_LENGTH);
}

export function checkToleration(errors: Errors, field: string, { key = '', operator = '', value = '', effect = '' }: DeviceToleration): void {
  if (key !== '') checkText(errors, `${field}.key`, key, isQualifiedName(key));
  if (operator === 'Exists') {
    if (value !== '') errors.push(invalid(`${field}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') checkText(errors, `${field}.value`, value, isLabelValue(value));
  else if (operator === '') errors.push(required(`${field}.operator`));
  else errors.push(notSupported(`${field}.operator`, operator, ['Equal', 'Exists']));
  if (effect !== '' && !TAINT_EFFECTS.includes(effect)) errors.push(notSupported(`${field}.effect`, effect, TAINT_EFFECTS));
}

/** Conditions to wait for before a pod is bound, and those that end the waiting: one without the other makes no sense. */
export function checkBindingConditions(
  errors: Errors,
  field: string,
  { bindingConditions = [], bindingFailureConditions = [] }: { bindingConditions?: string[]; bindingFailureConditions?: string[] },
): void {
  const [good, bad] = [`${field}.bindingConditions`, `${field}.bindingFailureConditions`];
  const check = (name: string, at: string): void => checkText(errors, at, name, isQualifiedName(name));
  checkSet(errors, good, bindingConditions, MAX_BINDING_CONDITIONS, (name) => name, check);
  checkSet(errors, bad, bindingFailureConditions, MAX_BINDING_CONDITIONS, (name) => name, check);
  bindingFailureConditions.forEach((name, index) => {
    if (bindingConditions.includes(name)) errors.push(invalid(`${bad}[${index}]`, name, 'bindingFailureConditions must not overlap with bindingConditions'));
  });
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0)
    errors.push(invalid(good, bindingConditions, 'bindingConditions are required to use bindingFailureConditions'));
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0)
    errors.push(invalid(bad, bindingFailureConditions, 'bindingFailureConditions are required to use bindingConditions'));
}
