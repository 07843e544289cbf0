/** Rules by which webhooks and policies say what they are for, and match conditions (`admissionregistration/validation`). */
import type { LabelSelector, MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#kinds/generated/types.ts';
import { duplicate, invalid, notSupported, required, tooMany } from '#machinery/field-error.ts';
import { isPathSegmentName, isQualifiedName } from '#machinery/names.ts';
import { type Errors, checkMaybeOneOf, checkOneOf, checkText } from '../shared/check.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { expressionError } from './environment.ts';

export const FAILURE_POLICIES = ['Fail', 'Ignore'] as const;
export const MATCH_POLICIES = ['Equivalent', 'Exact'] as const;
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'] as const;
const SCOPES = ['*', 'Cluster', 'Namespaced'] as const;
const MAX_CONDITIONS = 64;

function checkResources(errors: Errors, field: string, resources: readonly string[]): void {
  if (resources.length === 0) errors.push(required(field));
  const whole = new Set<string>();
  const anywhere = new Set<string>();
  let hasPlain = false;
  for (const [at, text] of resources.entries()) {
    if (text === '') {
      errors.push(required(`${field}[${at}]`));
      continue;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      hasPlain = text !== '*';
      continue;
    }
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    if (whole.has(resource)) errors.push(invalid(`${field}[${at}]`, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (anywhere.has(sub)) errors.push(invalid(`${field}[${at}]`, text, `if '*/${sub}' is present, must not specify ${text}`));
    if (sub === '*') whole.add(resource);
    if (resource === '*') anywhere.add(sub);
  }
  if (resources.length > 1 && resources.includes('*/*')) errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && hasPlain) errors.push(invalid(field, resources, "if '*' is present, must not specify other resources without subresources"));
}

export function checkRule(errors: Errors, field: string, rule: RuleWithOperations): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (operations.length === 0) errors.push(required(`${field}.operations`));
  if (operations.length > 1 && operations.includes('*')) errors.push(invalid(`${field}.operations`, operations, "if '*' is present, must not specify other operations"));
  for (const [at, operation] of operations.entries())
    if (!(OPERATIONS as readonly string[]).includes(operation)) errors.push(notSupported(`${field}.operations[${at}]`, operation, OPERATIONS));
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`));
  if (apiGroups.length > 1 && apiGroups.includes('*')) errors.push(invalid(`${field}.apiGroups`, apiGroups, "if '*' is present, must not specify other API groups"));
  if (apiVersions.length === 0) errors.push(required(`${field}.apiVersions`));
  if (apiVersions.length > 1 && apiVersions.includes('*')) errors.push(invalid(`${field}.apiVersions`, apiVersions, "if '*' is present, must not specify other API versions"));
  for (const [at, version] of apiVersions.entries()) if (version === '') errors.push(required(`${field}.apiVersions[${at}]`));
  checkResources(errors, `${field}.resources`, resources);
  checkMaybeOneOf(errors, `${field}.scope`, scope, SCOPES);
}

function checkNamedRule(errors: Errors, field: string, rule: NamedRuleWithOperations): void {
  const seen = new Set<string>();
  for (const [at, name] of (rule.resourceNames ?? []).entries()) {
    checkText(errors, `${field}.resourceNames[${at}]`, name, isPathSegmentName(name));
    if (seen.has(name)) errors.push(duplicate(`${field}.resourceNames[${at}]`, name));
    seen.add(name);
  }
  checkRule(errors, field, rule);
}

export function checkMatchResources(errors: Errors, field: string, match: MatchResources | undefined): void {
  if (match === undefined) return;
  checkOneOf(errors, `${field}.matchPolicy`, match.matchPolicy, MATCH_POLICIES);
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = match[name] as LabelSelector | undefined;
    if (selector === undefined) errors.push(required(`${field}.${name}`));
    else checkLabelSelector(errors, `${field}.${name}`, selector);
  }
  for (const [at, rule] of (match.resourceRules ?? []).entries()) checkNamedRule(errors, `${field}.resourceRules[${at}]`, rule);
  for (const [at, rule] of (match.excludeResourceRules ?? []).entries()) checkNamedRule(errors, `${field}.excludeResourceRules[${at}]`, rule);
}

export function checkMatchConditions(errors: Errors, field: string, conditions: readonly MatchCondition[] | undefined, hasParams: boolean): void {
  const all = conditions ?? [];
  if (all.length > MAX_CONDITIONS) errors.push(tooMany(field, all.length, MAX_CONDITIONS));
  const names = new Set<string>();
  for (const [at, { name = '', expression = '' }] of all.entries()) {
    const place = `${field}[${at}]`;
    const trimmed = expression.trim();
    if (trimmed === '') errors.push(required(`${place}.expression`));
    else {
      const wrong = expressionError(trimmed, { hasParams, hasAuthorizer: true }, 'bool');
      if (wrong !== undefined) errors.push(invalid(`${place}.expression`, trimmed, wrong));
    }
    if (name === '') errors.push(required(`${place}.name`));
    else {
      checkText(errors, `${place}.name`, name, isQualifiedName(name));
      if (names.has(name)) errors.push(duplicate(`${place}.name`, name));
      names.add(name);
    }
  }
}

/** A rule without a scope is for all of them. */
export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}
