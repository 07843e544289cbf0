/** Flow schemas: which requests belong to which priority level. */
import type { FlowcontrolV1Subject, FlowSchema, FlowSchemaSpec, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { statusOnlyDoor } from '../shared/workload.ts';
import { EXEMPT, MANDATORY_SCHEMAS } from './mandatory.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const METHODS = ['ByNamespace', 'ByUser'];
const LOWEST = 10_000;
const PRECEDENCE = 1000;

const SUBJECTS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
type SubjectKind = keyof typeof SUBJECTS;

function checkSubject(errors: Errors, field: string, subject: FlowcontrolV1Subject): void {
  const kind = subject.kind as SubjectKind;
  const own = SUBJECTS[kind];
  if (own === undefined) {
    errors.push(notSupported(`${field}.kind`, subject.kind ?? '', ['Group', 'ServiceAccount', 'User']));
    return;
  }
  const value = subject[own];
  if (value === undefined) errors.push(required(`${field}.${own}`, `${own} is required when subject kind is '${kind}'`));
  else {
    if (!value.name) errors.push(required(`${field}.${own}.name`));
    else if (kind === 'ServiceAccount' && value.name !== '*') checkText(errors, `${field}.${own}.name`, value.name, isDNS1123Subdomain(value.name));
    if (kind === 'ServiceAccount') {
      const { namespace } = subject.serviceAccount!;
      if (namespace) checkText(errors, `${field}.${own}.namespace`, namespace, isDNS1123Label(namespace));
      else errors.push(required(`${field}.${own}.namespace`, 'must specify namespace for service account'));
    }
  }
  for (const [other, name] of Object.entries(SUBJECTS))
    if (other !== kind && subject[name] !== undefined) errors.push(forbidden(`${field}.${name}`, `${name} is forbidden when subject kind is not '${other}'`));
}

/** `*` stands alone. */
function checkWildcard(errors: Errors, field: string, values: readonly string[] | undefined, what: string): boolean {
  const list = values ?? [];
  if (!list.includes('*')) return false;
  if (list.length > 1) errors.push(invalid(field, list, `if '*' is present, must not specify other ${what}`));
  return true;
}

function checkVerbs(errors: Errors, field: string, verbs: readonly string[] | undefined): void {
  if ((verbs ?? []).length === 0) errors.push(required(field, 'verbs must contain at least one value'));
  else if (!checkWildcard(errors, field, verbs, 'verbs') && !verbs!.every((verb) => VERBS.includes(verb))) errors.push(notSupported(field, verbs, VERBS));
}

function urlMessage(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

function checkUrlRule(errors: Errors, field: string, { verbs, nonResourceURLs: urls }: NonResourcePolicyRule): void {
  checkVerbs(errors, `${field}.verbs`, verbs);
  const at = `${field}.nonResourceURLs`;
  if ((urls ?? []).length === 0) errors.push(required(at, 'nonResourceURLs must contain at least one value'));
  else if (!checkWildcard(errors, at, urls, 'non-resource URLs'))
    urls.forEach((url, index) => {
      const message = urlMessage(url);
      if (message !== undefined) errors.push(invalid(`${at}[${index}]`, url, message));
    });
}

function checkResourceRule(errors: Errors, field: string, { verbs, apiGroups, resources, namespaces, clusterScope }: ResourcePolicyRule): void {
  checkVerbs(errors, `${field}.verbs`, verbs);
  if ((apiGroups ?? []).length === 0) errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  else checkWildcard(errors, `${field}.apiGroups`, apiGroups, 'api groups');
  if ((resources ?? []).length === 0) errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
  else checkWildcard(errors, `${field}.resources`, resources, 'resources');
  const at = `${field}.namespaces`;
  if ((namespaces ?? []).length === 0) {
    if (clusterScope !== true) errors.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'));
  } else if (!checkWildcard(errors, at, namespaces, 'namespaces'))
    namespaces!.forEach((name, index) =>
      checkText(
        errors,
        `${at}[${index}]`,
        name,
        isDNS1123Label(name).map((message) => `each member of this list must be '*' or a DNS-1123 label; ${message}`),
      ),
    );
}

function checkRule(errors: Errors, field: string, { subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects): void {
  if ((subjects ?? []).length === 0) errors.push(required(`${field}.subjects`, 'subjects must contain at least one value'));
  (subjects ?? []).forEach((subject, index) => checkSubject(errors, `${field}.subjects[${index}]`, subject));
  if ((resourceRules ?? []).length + (nonResourceRules ?? []).length === 0) errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  (resourceRules ?? []).forEach((rule, index) => checkResourceRule(errors, `${field}.resourceRules[${index}]`, rule));
  (nonResourceRules ?? []).forEach((rule, index) => checkUrlRule(errors, `${field}.nonResourceRules[${index}]`, rule));
}

/** Of flow schemas and levels alike. */
export function checkTypes(errors: Errors, conditions: readonly { readonly type?: string }[] | undefined): void {
  const seen = new Set<string>();
  (conditions ?? []).forEach(({ type = '' }, index) => {
    const at = `status.conditions[${index}].type`;
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (type === '') errors.push(required(at));
  });
}

function validate({ metadata, spec }: FlowSchema): FieldError[] {
  const errors: FieldError[] = [];
  const own: Partial<FlowSchemaSpec> = spec ?? {};
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method } = own;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) errors.push(invalid(at, precedence, 'must be a positive value'));
  if (precedence > LOWEST) errors.push(invalid(at, precedence, `must not be greater than ${LOWEST}`));
  if (precedence === 1 && metadata.name !== EXEMPT) errors.push(invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  if (method !== undefined && !METHODS.includes(method.type)) errors.push(notSupported('spec.distinguisherMethod.type', method, METHODS));
  const level = own.priorityLevelConfiguration?.name;
  if (level) checkText(errors, 'spec.priorityLevelConfiguration.name', level, isDNS1123Subdomain(level));
  else errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  (own.rules ?? []).forEach((rule, index) => checkRule(errors, `spec.rules[${index}]`, rule));
  const fixed = MANDATORY_SCHEMAS[metadata.name ?? ''];
  if (fixed !== undefined && !semanticEqual(fixed, own)) errors.push(invalid('spec', own, `spec of '${metadata.name}' must equal the fixed value`));
  return errors;
}

export const flowSchema = behaviour<FlowSchema>({
  defaults({ spec }) {
    if (spec !== undefined) spec.matchingPrecedence ||= PRECEDENCE;
  },
  validate,
  stored: {
    status: statusOnlyDoor<FlowSchema>(({ status }) => {
      const errors: FieldError[] = [];
      checkTypes(errors, status?.conditions);
      return errors;
    }),
  },
  columns: [
    text('PriorityLevel', '`name` is the name of the priority level configuration being referenced Required.'),
    text(
      'MatchingPrecedence',
      '`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.',
    ),
    text(
      'DistinguisherMethod',
      '`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.',
    ),
    AGE,
    text('MissingPL', 'references a broken or non-existent PriorityLevelConfiguration'),
  ],
  row: ({ metadata, spec, status }, now) => ({
    cells: [
      spec?.priorityLevelConfiguration?.name ?? '',
      spec?.matchingPrecedence ?? 0,
      spec?.distinguisherMethod?.type ?? '<none>',
      age(metadata.creationTimestamp, now),
      status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ],
  }),
});
