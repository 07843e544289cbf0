/** Requests and limits of containers and pods. */
import type { PodSpec, ResourceRequirements } from '#kinds/generated/types.ts';
import { duplicate, forbidden, invalid, notFound, required } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { compare, milliValue, parseQuantity, type Quantity } from '#machinery/quantity.ts';
import { type Errors, NOT_NEGATIVE, checkText } from '../../shared/check.ts';

const STANDARD_CONTAINER: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const STANDARD: ReadonlySet<string> = new Set([
  ...STANDARD_CONTAINER,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
/** Whole numbers only; extended resources too. */
const WHOLE: ReadonlySet<string> = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
export const isNative = (name: string): boolean => !name.includes('/') || /(^|\.)kubernetes\.io\//.test(name.slice(0, name.indexOf('/') + 1));
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
export const isStandard = (name: string): boolean => STANDARD.has(name) || isHugePages(name);
const mayOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

/** Values repeat in nearly every pod: parsed once. Bounded by starting over. */
const parsed = new Map<string, Quantity>();
const PARSED_LIMIT = 4096;

export function quantityOf(text: string): Quantity {
  let quantity = parsed.get(text);
  if (quantity === undefined) {
    quantity = parseQuantity(text);
    if (parsed.size >= PARSED_LIMIT) parsed.clear();
    parsed.set(text, quantity);
  }
  return quantity;
}

export function checkResourceName(errors: Errors, field: string, name: string): boolean {
  const messages = isQualifiedName(name);
  checkText(errors, field, name, messages);
  if (messages.length > 0) return false;
  if (name.includes('/') || isStandard(name)) return true;
  errors.push(invalid(field, name, 'must be a standard resource type or fully qualified'));
  return false;
}

export function checkResourceValue(errors: Errors, field: string, name: string, text: string): void {
  const quantity = quantityOf(text);
  if (quantity.nano < 0n) errors.push(invalid(field, text, NOT_NEGATIVE));
  if ((WHOLE.has(name) || isExtended(name)) && milliValue(quantity) % 1000n !== 0n) errors.push(invalid(field, text, 'must be an integer'));
}

function checkContainerResource(errors: Errors, field: string, name: string, text: string): void {
  if (!STANDARD_CONTAINER.has(name)) {
    checkResourceName(errors, field, name);
    if (!name.includes('/')) {
      if (!isHugePages(name)) errors.push(invalid(field, name, 'must be a standard resource for containers'));
    } else if (!isNative(name) && !isExtended(name)) errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
  }
  checkResourceValue(errors, field, name, text);
  if (name.startsWith('hugepages-') && quantityOf(text).nano > 0n) {
    const size = quantityOf(name.slice('hugepages-'.length)).nano;
    if (size > 0n && quantityOf(text).nano % size !== 0n) errors.push(invalid(field, text, `${text} is not positive integer multiple of ${name}`));
  }
}

function checkRequestAndLimit(errors: Errors, limits: string, requests: string, name: string, request: string, limit: string | undefined): void {
  if (limit !== undefined) {
    const order = request === limit ? 0 : compare(quantityOf(request), quantityOf(limit));
    if (order !== 0 && !mayOvercommit(name)) errors.push(invalid(requests, request, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0) errors.push(invalid(requests, request, `must be less than or equal to ${name} limit of ${limit}`));
  } else if (!mayOvercommit(name)) errors.push(required(limits, 'Limit must be set for non overcommitable resources'));
}

export function checkResources(errors: Errors, field: string, resources: ResourceRequirements, claimNames: ReadonlySet<string>, resourceCheck = checkContainerResource): void {
  const { limits, requests, claims } = resources;
  let basic = false;
  let huge = false;
  const note = (name: string): void => {
    if (name === 'cpu' || name === 'memory') basic = true;
    else if (isHugePages(name)) huge = true;
  };
  for (const name in limits) {
    resourceCheck(errors, `${field}.limits[${name}]`, name, limits[name]!);
    note(name);
  }
  for (const name in requests) {
    resourceCheck(errors, `${field}.requests[${name}]`, name, requests[name]!);
    checkRequestAndLimit(errors, `${field}.limits`, `${field}.requests`, name, requests[name]!, limits?.[name]);
    note(name);
  }
  if (huge && !basic) errors.push(forbidden(field, 'HugePages require cpu or memory'));
  if (claims !== undefined) checkClaims(errors, `${field}.claims`, claims, claimNames);
}

function checkClaims(errors: Errors, field: string, claims: readonly { name?: string; request?: string }[], claimNames: ReadonlySet<string>): void {
  const seen = new Set<string>();
  claims.forEach(({ name = '', request = '' }, index) => {
    if (name === '') {
      errors.push(required(`${field}[${index}]`));
      return;
    }
    const key = request === '' ? name : `${name}/${request}`;
    // a claim as a whole and one of its requests exclude each other
    if (seen.has(key) || seen.has(name) || (request === '' && [...seen].some((other) => other.startsWith(`${name}/`)))) errors.push(duplicate(`${field}[${index}]`, key));
    else seen.add(key);
    if (!claimNames.has(name)) {
      const known = [...claimNames].toSorted();
      errors.push({
        ...notFound(`${field}[${index}]`, name),
        detail:
          known.length === 0 ? 'must be one of the names in pod.spec.resourceClaims which is empty' : `must be one of the names in pod.spec.resourceClaims: ${known.join(', ')}`,
      });
    }
  });
}

const POD_LEVEL: ReadonlySet<string> = new Set(['cpu', 'memory']);

function checkPodLevelResource(errors: Errors, field: string, name: string, text: string): void {
  const before = errors.length;
  checkText(errors, field, name, isQualifiedName(name));
  if (errors.length === before && !POD_LEVEL.has(name) && !name.startsWith('hugepages-'))
    errors.push({ type: 'FieldValueNotSupported', field, value: name, detail: 'supported values: "cpu", "hugepages-", "memory"' });
  checkResourceValue(errors, field, name, text);
}

/** Resources of the pod as a whole: at least what its containers ask for together, and no container beyond its limits. */
export function checkPodLevelResources(errors: Errors, field: string, spec: PodSpec, aggregate: (spec: PodSpec) => Readonly<Record<string, string>>): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (resources.claims !== undefined) errors.push(forbidden(`${field}.claims`, 'claims may not be set for Resources at pod-level'));
  const { claims: _, ...rest } = resources;
  checkResources(errors, field, rest, new Set(), checkPodLevelResource);
  const together = aggregate(spec);
  for (const name of Object.keys(together)) {
    if (!POD_LEVEL.has(name) && !name.startsWith('hugepages-')) continue;
    const own = resources.requests?.[name] ?? '0';
    if (compare(quantityOf(together[name]!), quantityOf(own)) > 0)
      errors.push(invalid(`${field}.requests[${name}]`, own, `must be greater than or equal to aggregate container requests of ${together[name]}`));
  }
  (spec.containers ?? []).forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const whole = resources.limits?.[name];
      if (whole !== undefined && compare(quantityOf(limit), quantityOf(whole)) > 0)
        errors.push(invalid(`${field}.containers[${index}][${name}].limits`, limit, `must be less than or equal to pod limits of ${whole}`));
    }
  });
}
