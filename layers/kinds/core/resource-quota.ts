/** Resource quotas. */
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '#kinds/generated/types.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkResourceName, checkResourceValue } from './pod/validate-resources.ts';

const QUOTA_RESOURCES: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
]);
const SCOPES: readonly string[] = ['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'PriorityClass', 'Terminating', 'VolumeAttributesClass'];
const OPERATORS: readonly string[] = ['DoesNotExist', 'Exists', 'In', 'NotIn'];
const COMPUTE: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const CLASH = 'conflicting scopes';
const PODS: ReadonlySet<string> = new Set(['pods']);

function checkQuotaResource(errors: Errors, field: string, name: string): void {
  checkResourceName(errors, field, name);
  if (!name.includes('/') && !QUOTA_RESOURCES.has(name) && !/^(requests\.)?hugepages-/.test(name)) errors.push(invalid(field, name, 'must be a standard resource for quota'));
}

/** Which resources a scope can count at all. */
function scopeCounts(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return PODS.has(resource);
  if (scope === 'VolumeAttributesClass') return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
  return PODS.has(resource) || COMPUTE.has(resource);
}

function checkScopeSet(errors: Errors, field: string, scopes: readonly string[], resources: readonly string[]): void {
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(field, scopes, 'unsupported scope'));
    for (const resource of resources)
      if (QUOTA_RESOURCES.has(resource) && SCOPES.includes(scope) && !scopeCounts(scope, resource)) errors.push(invalid(field, scopes, 'unsupported scope applied to resource'));
  }
  for (const pair of [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ])
    if (pair.every((scope) => scopes.includes(scope))) errors.push(invalid(field, scopes, CLASH));
}

function checkSelector(errors: Errors, expressions: readonly ScopedResourceSelectorRequirement[], resources: readonly string[]): void {
  const field = 'spec.scopeSelector.matchExpressions';
  for (const { scopeName, operator = '', values = [] } of expressions) {
    if (!SCOPES.includes(scopeName)) errors.push(invalid(`${field}.scopeName`, scopeName, 'unsupported scope'));
    else
      for (const resource of resources)
        if (QUOTA_RESOURCES.has(resource) && !scopeCounts(scopeName, resource)) errors.push(invalid(field, expressions, 'unsupported scope applied to resource'));
    if (operator !== 'Exists' && scopeName !== 'PriorityClass' && scopeName !== 'VolumeAttributesClass' && OPERATORS.includes(operator))
      errors.push(
        invalid(
          `${field}.operator`,
          operator,
          `must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
        ),
      );
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.push(required(`${field}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) errors.push(invalid(`${field}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
    } else errors.push(invalid(`${field}.operator`, operator, 'not a valid selector operator'));
  }
  checkScopeClash(errors, field, expressions);
}

function checkScopeClash(errors: Errors, field: string, expressions: readonly ScopedResourceSelectorRequirement[]): void {
  const names = expressions.map(({ scopeName }) => scopeName);
  for (const pair of [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ])
    if (pair.every((scope) => names.includes(scope))) errors.push(invalid(field, expressions, CLASH));
}

function checkAmounts(errors: Errors, field: string, list: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(list ?? {})) {
    checkQuotaResource(errors, `${field}[${name}]`, name);
    checkResourceValue(errors, `${field}[${name}]`, name, value);
  }
}

function validate({ spec = {} }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  const resources = Object.keys(spec.hard ?? {});
  checkAmounts(errors, 'spec.hard', spec.hard);
  if (spec.scopes !== undefined) checkScopeSet(errors, 'spec.scopes', spec.scopes, resources);
  if (spec.scopeSelector !== undefined) checkSelector(errors, spec.scopeSelector.matchExpressions ?? [], resources);
  return errors;
}

function amounts({ status }: ResourceQuota, limits: boolean): string {
  return Object.keys(status?.hard ?? {})
    .toSorted()
    .filter((name) => name.startsWith('limits') === limits)
    .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name] ?? '0'}`)
    .join(', ');
}

export const resourceQuota = behaviour<ResourceQuota>({
  validate,
  validateUpdate(now, old) {
    const scopes = (quota: ResourceQuota): readonly string[] => [...(quota.spec?.scopes ?? [])].toSorted();
    // what is counted may not change under the count
    return semanticEqual(scopes(now), scopes(old)) ? [] : [invalid('spec.scopes', now.spec?.scopes, 'field is immutable')];
  },
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate({ status }) {
        const errors: FieldError[] = [];
        checkAmounts(errors, 'status.hard', status?.hard);
        checkAmounts(errors, 'status.used', status?.used);
        return errors;
      },
      resetFields: [['spec']],
    },
  },
  columns: [
    text('Request', 'Request represents a minimum amount of cpu/memory that a container may consume.'),
    text('Limit', 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.'),
    AGE,
  ],
  row: (object, now) => ({ cells: [amounts(object, false), amounts(object, true), age(object.metadata.creationTimestamp, now)] }),
});

export const checkLimitTypeName = (errors: Errors, field: string, name: string): void => {
  const messages = isQualifiedName(name);
  checkText(errors, field, name, messages);
  if (messages.length === 0 && !name.includes('/') && !['Pod', 'Container', 'PersistentVolumeClaim'].includes(name))
    errors.push(invalid(field, name, 'must be a standard limit type or fully qualified'));
};
