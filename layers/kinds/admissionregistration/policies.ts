/** ValidatingAdmissionPolicy, MutatingAdmissionPolicy, and their bindings. */
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '#kinds/generated/types.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import { isDNS1035Label, isDNS1123Subdomain, isPathSegmentName, isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkOneOf, checkText } from '../shared/check.ts';
import { AGE, integer, text } from '../shared/columns.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { compileVariables, type Expressions, expressionError, type Result } from './environment.ts';
import { checkMatchConditions, checkMatchResources, defaultMatchResources, FAILURE_POLICIES } from './rules.ts';

const MAX_ANNOTATIONS = 20;
/** Bytes. */
const MAX_VALUE_EXPRESSION = 5 * 1024;
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'] as const;
const ACTIONS = ['Audit', 'Deny', 'Warn'] as const;
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'] as const;
const REINVOCATIONS = ['IfNeeded', 'Never'] as const;
const RESERVED: ReadonlySet<string> = new Set('true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '));
const NEITHER = 'validations or auditAnnotations must contain at least one item';

function checkParamKind(errors: Errors, field: string, { apiVersion = '', kind = '' }: ParamKind): void {
  const parts = apiVersion.split('/');
  if (apiVersion === '') errors.push(required(`${field}.apiVersion`));
  else if (parts.length > 2) errors.push(invalid(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const [group, version] = parts.length === 2 ? [parts[0]!, parts[1]!] : ['', parts[0]!];
    const groupErrors = group === '' ? [] : isDNS1123Subdomain(group);
    if (groupErrors.length > 0) errors.push(invalid(`${field}.apiVersion`, group, groupErrors.join(',')));
    const versionErrors = isDNS1035Label(version);
    if (version === '') errors.push(invalid(`${field}.apiVersion`, apiVersion, 'version must be specified'));
    else if (versionErrors.length > 0) errors.push(invalid(`${field}.apiVersion`, version, versionErrors.join(',')));
  }
  const kindErrors = isDNS1035Label(kind.toLowerCase());
  if (kind === '') errors.push(required(`${field}.kind`));
  else if (kindErrors.length > 0) errors.push(invalid(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${kindErrors.join(',')}`));
}

function checkExpression(errors: Errors, field: string, expression: string, environment: Expressions, result: Result): void {
  const wrong = expressionError(expression, environment, result);
  if (wrong !== undefined) errors.push(invalid(field, expression, wrong));
}

/** @returns the environment of the expressions after the variables */
function checkVariables(errors: Errors, field: string, variables: readonly Variable[] | undefined, environment: Expressions): Expressions {
  if ((variables ?? []).length === 0) return environment;
  const usable: Variable[] = [];
  for (const [at, variable] of variables!.entries()) {
    const { name = '', expression = '' } = variable;
    const place = `${field}[${at}]`;
    if (name.trim() === '') errors.push(required(`${place}.name`, 'name is not specified'));
    else if (!/^[_a-zA-Z]\w*$/.test(name) || RESERVED.has(name)) errors.push(invalid(`${place}.name`, name, 'name is not a valid CEL identifier'));
    else if (expression.trim() !== '') usable.push(variable);
    if (expression.trim() === '') errors.push(required(`${place}.expression`, 'expression is not specified'));
  }
  const { type, compiled } = compileVariables(usable, environment);
  for (const [at, { error }] of compiled.entries())
    if (error !== undefined) errors.push(invalid(`${field}[${variables!.indexOf(usable[at]!)}].expression`, usable[at]!.expression, error));
  return { ...environment, variables: type };
}

function checkValidation(errors: Errors, field: string, { expression = '', message = '', messageExpression = '', reason }: Validation, environment: Expressions): void {
  if (expression.trim() === '') errors.push(required(`${field}.expression`, 'expression is not specified'));
  else checkExpression(errors, `${field}.expression`, expression, environment, 'bool');
  if (messageExpression !== '') {
    if (messageExpression.trim() === '') errors.push(invalid(`${field}.messageExpression`, messageExpression, 'must be non-empty if specified'));
    else checkExpression(errors, `${field}.messageExpression`, messageExpression, { ...environment, hasAuthorizer: false }, 'string');
  }
  if (message !== '' && message.trim() === '') errors.push(invalid(`${field}.message`, message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim())) errors.push(invalid(`${field}.message`, message, 'message must not contain line breaks'));
  if (reason !== undefined && !(REASONS as readonly string[]).includes(reason)) errors.push(notSupported(`${field}.reason`, reason, REASONS));
}

function checkAnnotations(errors: Errors, field: string, annotations: readonly AuditAnnotation[], policy: string, environment: Expressions): void {
  if (annotations.length > MAX_ANNOTATIONS) errors.push(invalid(field, annotations, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`));
  const keys = new Set<string>();
  for (const [at, { key = '', valueExpression = '' }] of annotations.entries()) {
    const place = `${field}[${at}]`;
    if (policy === '') errors.push(invalid(`${place}.key`, key, 'requires metadata.name be non-empty'));
    else checkText(errors, `${place}.key`, `${policy}/${key}`, isQualifiedName(`${policy}/${key}`));
    const trimmed = valueExpression.trim();
    if (trimmed === '') errors.push(required(`${place}.valueExpression`, 'valueExpression is not specified'));
    else if (Buffer.byteLength(trimmed) > MAX_VALUE_EXPRESSION) errors.push(required(`${place}.valueExpression`, `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`));
    else checkExpression(errors, `${place}.valueExpression`, trimmed, environment, 'stringOrNull');
    if (keys.has(key)) errors.push(duplicate(`${place}.key`, key));
    keys.add(key);
  }
}

function checkMutation(errors: Errors, field: string, { patchType, applyConfiguration, jsonPatch }: Mutation, environment: Expressions): void {
  checkOneOf(errors, `${field}.patchType`, patchType, PATCH_TYPES);
  const own = { ...environment, mutation: true as const };
  const part = (name: string, value: { readonly expression?: string } | undefined, wanted: boolean, result: Result): void => {
    if (!wanted) {
      if (value !== undefined) errors.push(forbidden(`${field}.${name}`, `must not be specified when patchType is ${patchType}`));
      return;
    }
    const expression = value?.expression ?? '';
    if (value === undefined) errors.push(required(`${field}.${name}`, `must be specified when patchType is ${patchType}`));
    else if (expression.trim() === '') errors.push(required(`${field}.${name}.expression`, 'expression is not specified'));
    else checkExpression(errors, `${field}.${name}.expression`, expression, own, result);
  };
  if (patchType === undefined || !(PATCH_TYPES as readonly string[]).includes(patchType)) return;
  part('applyConfiguration', applyConfiguration, patchType === 'ApplyConfiguration', 'object');
  part('jsonPatch', jsonPatch, patchType === 'JSONPatch', 'patch');
}

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

/** What both kinds of policies have. @returns the environment of the policy's own expressions */
function checkCommon(errors: Errors, { spec = {} }: Policy, skipConditions: boolean): Expressions {
  checkOneOf(errors, 'spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES);
  const hasParams = spec.paramKind !== undefined;
  if (spec.paramKind !== undefined) checkParamKind(errors, 'spec.paramKind', spec.paramKind);
  if (spec.matchConstraints === undefined) errors.push(required('spec.matchConstraints'));
  else {
    checkMatchResources(errors, 'spec.matchConstraints', spec.matchConstraints);
    if ((spec.matchConstraints.resourceRules ?? []).length === 0) errors.push(required('spec.matchConstraints.resourceRules'));
  }
  if (!skipConditions) checkMatchConditions(errors, 'spec.matchConditions', spec.matchConditions, hasParams);
  return checkVariables(errors, 'spec.variables', spec.variables, { hasParams, hasAuthorizer: true });
}

function checkValidating(policy: ValidatingAdmissionPolicy, skipConditions: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const environment = checkCommon(errors, policy, skipConditions);
  const { validations = [], auditAnnotations = [] } = policy.spec ?? {};
  if (validations.length === 0 && auditAnnotations.length === 0) errors.push(required('spec.validations', NEITHER), required('spec.auditAnnotations', NEITHER));
  for (const [at, validation] of validations.entries()) checkValidation(errors, `spec.validations[${at}]`, validation, environment);
  checkAnnotations(errors, 'spec.auditAnnotations', auditAnnotations, policy.metadata.name ?? '', environment);
  return errors;
}

function checkMutating(policy: MutatingAdmissionPolicy, skipConditions: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const environment = checkCommon(errors, policy, skipConditions);
  const { mutations = [], reinvocationPolicy } = policy.spec ?? {};
  if (mutations.length === 0) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [at, mutation] of mutations.entries()) checkMutation(errors, `spec.mutations[${at}]`, mutation, environment);
  checkOneOf(errors, 'spec.reinvocationPolicy', reinvocationPolicy, REINVOCATIONS);
  return errors;
}

const sameConditions = (now: Policy, old: Policy): boolean =>
  deepEqual(now.spec?.paramKind, old.spec?.paramKind) && deepEqual(now.spec?.matchConditions, old.spec?.matchConditions);

function checkParamRef(errors: Errors, field: string, reference: ParamRef | undefined): void {
  if (reference === undefined) return;
  const { name = '', selector, parameterNotFoundAction: action } = reference;
  if (name !== '') {
    checkText(errors, `${field}.name`, name, isPathSegmentName(name));
    if (selector !== undefined) errors.push(forbidden(`${field}.name`, 'name and selector are mutually exclusive'));
  }
  if (selector !== undefined) {
    checkLabelSelector(errors, `${field}.selector`, selector);
    if (name !== '') errors.push(forbidden(`${field}.selector`, 'name and selector are mutually exclusive'));
  }
  if (name === '' && selector === undefined) errors.push(required(field, 'one of name or selector must be specified'));
  checkOneOf(errors, `${field}.parameterNotFoundAction`, action, ['Deny', 'Allow']);
}

type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

function checkBinding(errors: Errors, { spec = {} }: Binding): void {
  const name = spec.policyName ?? '';
  if (name === '') errors.push(required('spec.policyName'));
  else checkText(errors, 'spec.policyName', name, isDNS1123Subdomain(name));
  checkParamRef(errors, 'spec.paramRef', spec.paramRef);
  checkMatchResources(errors, 'spec.matchResouces', spec.matchResources);
}

function checkActions(errors: Errors, field: string, actions: readonly string[]): void {
  const seen = new Set<string>();
  for (const [at, action] of actions.entries()) {
    if (!(ACTIONS as readonly string[]).includes(action)) errors.push(notSupported(`${field}[${at}]`, action, ACTIONS));
    if (seen.has(action)) errors.push(duplicate(`${field}[${at}]`, action));
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn'))
    errors.push(
      invalid(field, actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'),
    );
  if (seen.size === 0) errors.push(required(field, 'at least one validation action is required'));
}

const paramKindText = (kind: ParamKind | undefined): string => (kind === undefined ? '<unset>' : `${kind.apiVersion}/${kind.kind}`);
const POLICY_KIND = text('ParamKind', 'ParamKind specifies the kind of resources used to parameterize this policy');
const POLICY_NAME = text('PolicyName', 'PolicyName indicates the policy definition which the policy binding binded to');
const PARAM_REF = text('ParamRef', 'ParamRef indicates the param resource which sets the configration param');
const paramRefText = (reference: ParamRef | undefined): string => {
  if (reference === undefined) return '<unset>';
  if (reference.name) return reference.namespace ? `${reference.namespace}/${reference.name}` : `*/${reference.name}`;
  return reference.namespace ? `${reference.namespace}/*` : '*/*';
};

function defaultPolicy(policy: Policy): void {
  const { spec } = policy;
  if (spec === undefined) return;
  spec.failurePolicy ??= 'Fail';
  defaultMatchResources(spec.matchConstraints);
}

function defaultBinding({ spec }: Binding): void {
  if (spec?.paramRef !== undefined) spec.paramRef.parameterNotFoundAction ??= 'Deny';
  defaultMatchResources(spec?.matchResources);
}

export const validatingAdmissionPolicy = behaviour<ValidatingAdmissionPolicy>({
  anyFinalizer: true,
  needsVersion: true,
  hasGeneration: true,
  ratchets: true,
  defaults: defaultPolicy,
  validate: (policy) => checkValidating(policy, false),
  validateUpdate: (now, old) => checkValidating(now, sameConditions(now, old)),
  columns: [integer('Validations', 'Validations indicates the number of validation rules defined in this configuration'), POLICY_KIND, AGE],
  row: ({ spec, metadata }, now) => ({ cells: [(spec?.validations ?? []).length, paramKindText(spec?.paramKind), age(metadata.creationTimestamp, now)] }),
});

export const mutatingAdmissionPolicy = behaviour<MutatingAdmissionPolicy>({
  anyFinalizer: true,
  needsVersion: true,
  hasGeneration: true,
  ratchets: true,
  defaults(policy) {
    defaultPolicy(policy);
    if (policy.spec !== undefined) policy.spec.reinvocationPolicy ??= 'Never';
  },
  validate: (policy) => checkMutating(policy, false),
  validateUpdate: (now, old) => checkMutating(now, sameConditions(now, old)),
  columns: [integer('Mutations', 'Mutations indicates the number of mutations rules defined in this configuration'), POLICY_KIND, AGE],
  row: ({ spec, metadata }, now) => ({ cells: [(spec?.mutations ?? []).length, paramKindText(spec?.paramKind), age(metadata.creationTimestamp, now)] }),
});

export const validatingAdmissionPolicyBinding = behaviour<ValidatingAdmissionPolicyBinding>({
  anyFinalizer: true,
  needsVersion: true,
  hasGeneration: true,
  defaults: defaultBinding,
  validate(binding) {
    const errors: FieldError[] = [];
    checkBinding(errors, binding);
    checkActions(errors, 'spec.validationActions', binding.spec?.validationActions ?? []);
    return errors;
  },
  columns: [POLICY_NAME, PARAM_REF, AGE],
  row: ({ spec, metadata }, now) => ({ cells: [spec?.policyName ?? '', paramRefText(spec?.paramRef), age(metadata.creationTimestamp, now)] }),
});

export const mutatingAdmissionPolicyBinding = behaviour<MutatingAdmissionPolicyBinding>({
  anyFinalizer: true,
  needsVersion: true,
  hasGeneration: true,
  defaults: defaultBinding,
  validate(binding) {
    const errors: FieldError[] = [];
    checkBinding(errors, binding);
    return errors;
  },
  columns: [POLICY_NAME, PARAM_REF, AGE],
  row: ({ spec, metadata }, now) => ({ cells: [spec?.policyName ?? '', paramRefText(spec?.paramRef), age(metadata.creationTimestamp, now)] }),
});
