/** MutatingWebhookConfiguration and ValidatingWebhookConfiguration. */
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from '#kinds/generated/types.ts';
import { duplicate, invalid, notSupported, required, type FieldError } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { caBundleErrors, webhookServiceErrors, webhookUrlErrors } from '../apiextensions/webhook-client.ts';
import { type Behaviour, behaviour } from '../behaviour.ts';
import { type Errors, checkMaybeOneOf, checkText } from '../shared/check.ts';
import { AGE, integer } from '../shared/columns.ts';
import { checkLabelSelector } from '../shared/selector.ts';
import { checkMatchConditions, checkRule, defaultRules, FAILURE_POLICIES, MATCH_POLICIES } from './rules.ts';

type Hook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;
type Configuration = (MutatingWebhookConfiguration | ValidatingWebhookConfiguration) & { webhooks?: Hook[] };

const REVIEW_VERSIONS = ['v1', 'v1beta1'] as const;
const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'] as const;
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'] as const;
const REINVOCATIONS = ['IfNeeded', 'Never'] as const;
const HTTPS_PORT = 443;
/** Seconds. */
const TIMEOUT = 10;
const MAX_TIMEOUT = 30;

/** What an update need not mend: what was wrong before may stay. */
interface Lenience {
  readonly conditions: boolean;
  readonly sideEffects: boolean;
  readonly versions: boolean;
  readonly names: boolean;
}
const STRICT: Lenience = { conditions: false, sideEffects: false, versions: false, names: false };

function checkName(errors: Errors, field: string, name: string): void {
  if (name === '') {
    errors.push(required(field));
    return;
  }
  const wrong = isDNS1123Subdomain(name);
  checkText(errors, field, name, wrong);
  if (wrong.length > 0) return;
  const parts = name.split('.');
  if (parts.length < 3) errors.push(invalid(field, name, 'should be a domain with at least three segments separated by dots'));
  for (const part of parts) {
    const found = isDNS1123Label(part);
    if (found.length > 0) errors.push(invalid(field, name, found.join(',')));
  }
}

function checkVersions(errors: Errors, field: string, versions: readonly string[], lenient: boolean): void {
  if (versions.length === 0) {
    errors.push(required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`));
    return;
  }
  const seen = new Set<string>();
  for (const [at, version] of versions.entries()) {
    if (seen.has(version)) {
      errors.push(invalid(`${field}[${at}]`, version, 'duplicate version'));
      continue;
    }
    seen.add(version);
    checkText(errors, `${field}[${at}]`, version, isDNS1035Label(version));
  }
  if (!lenient && !REVIEW_VERSIONS.some((version) => seen.has(version))) errors.push(invalid(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
}

function checkHook(errors: Errors, field: string, hook: Hook, lenience: Lenience, mutating: boolean): void {
  checkName(errors, `${field}.name`, hook.name ?? '');
  for (const [at, rule] of (hook.rules ?? []).entries()) checkRule(errors, `${field}.rules[${at}]`, rule);
  checkMaybeOneOf(errors, `${field}.failurePolicy`, hook.failurePolicy, FAILURE_POLICIES);
  checkMaybeOneOf(errors, `${field}.matchPolicy`, hook.matchPolicy, MATCH_POLICIES);
  const effects = lenience.sideEffects ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (!hook.sideEffects) errors.push(required(`${field}.sideEffects`, `must specify one of ${effects.join(', ')}`));
  else if (!(effects as readonly string[]).includes(hook.sideEffects)) errors.push(notSupported(`${field}.sideEffects`, hook.sideEffects, effects));
  const { timeoutSeconds: timeout } = hook;
  if (timeout !== undefined && (timeout > MAX_TIMEOUT || timeout < 1))
    errors.push(invalid(`${field}.timeoutSeconds`, timeout, `the timeout value must be between 1 and ${MAX_TIMEOUT} seconds`));
  checkLabelSelector(errors, `${field}.namespaceSelector`, hook.namespaceSelector);
  checkLabelSelector(errors, `${field}.objectSelector`, hook.objectSelector);
  if (mutating) checkMaybeOneOf(errors, `${field}.reinvocationPolicy`, hook.reinvocationPolicy, REINVOCATIONS);
  const client = hook.clientConfig ?? {};
  if ((client.url === undefined) === (client.service === undefined)) errors.push(required(`${field}.clientConfig`, 'exactly one of url or service is required'));
  else if (client.url !== undefined) errors.push(...webhookUrlErrors(client.url, `${field}.clientConfig.url`));
  else errors.push(...webhookServiceErrors(client.service!, `${field}.clientConfig.service`));
  if (client.caBundle !== undefined && client.caBundle !== '') errors.push(...caBundleErrors(client.caBundle as unknown as string, `${field}.clientConfig.caBundle`));
  if (!lenience.conditions) checkMatchConditions(errors, `${field}.matchConditions`, hook.matchConditions, false);
}

function check({ webhooks = [] }: Configuration, lenience: Lenience, mutating: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [at, hook] of webhooks.entries()) {
    const field = `webhooks[${at}]`;
    checkHook(errors, field, hook, lenience, mutating);
    checkVersions(errors, `${field}.admissionReviewVersions`, hook.admissionReviewVersions ?? [], lenience.versions);
    if (lenience.names || !hook.name) continue;
    if (names.has(hook.name)) errors.push(duplicate(`${field}.name`, hook.name));
    names.add(hook.name);
  }
  return errors;
}

function lenienceOf(now: Configuration, { webhooks: old = [] }: Configuration): Lenience {
  const { webhooks = [] } = now;
  return {
    conditions: webhooks.length === old.length && old.every((hook, at) => deepEqual(hook.matchConditions, webhooks[at]!.matchConditions)),
    sideEffects: old.some(({ sideEffects }) => !(NO_SIDE_EFFECTS as readonly string[]).includes(sideEffects)),
    versions: old.some(({ admissionReviewVersions = [] }) => admissionReviewVersions.length > 0 && !REVIEW_VERSIONS.some((version) => admissionReviewVersions.includes(version))),
    names: new Set(old.map(({ name }) => name)).size < old.length,
  };
}

function defaults({ webhooks = [] }: Configuration, mutating: boolean): void {
  for (const hook of webhooks) {
    hook.failurePolicy ??= 'Fail';
    hook.matchPolicy ??= 'Equivalent';
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= TIMEOUT;
    if (mutating) hook.reinvocationPolicy ??= 'Never';
    if (hook.clientConfig?.service !== undefined) hook.clientConfig.service.port ??= HTTPS_PORT;
    defaultRules(hook.rules);
  }
}

const webhookConfiguration = (mutating: boolean): Behaviour =>
  behaviour<Configuration>({
    anyFinalizer: true,
    hasGeneration: true,
    ratchets: true,
    needsVersion: true,
    defaults: (configuration) => defaults(configuration, mutating),
    validate: (configuration) => check(configuration, STRICT, mutating),
    validateUpdate: (now, old) => check(now, lenienceOf(now, old), mutating),
    columns: [integer('Webhooks', 'Webhooks indicates the number of webhooks configured in this configuration'), AGE],
    row: ({ webhooks = [], metadata }, now) => ({ cells: [webhooks.length, age(metadata.creationTimestamp, now)] }),
  });

export const mutatingWebhookConfiguration = webhookConfiguration(true);
export const validatingWebhookConfiguration = webhookConfiguration(false);
