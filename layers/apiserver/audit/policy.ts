/** An audit policy (audit.k8s.io/v1 Policy): the first rule that fits a request says how much of it is kept. */
import type { User } from '../authn/port.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Level, Stage } from './event.ts';

export interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditPolicy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export class PolicyError extends Error {
  readonly code = 'AUDIT_POLICY';
}

const LEVELS: readonly string[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
const STAGES: readonly string[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];
const VERSIONS = ['audit.k8s.io/v1', 'audit.k8s.io/v1beta1'];

/** @param value the parsed file @throws PolicyError */
export function readPolicy(value: unknown): AuditPolicy {
  const policy = (typeof value === 'object' && value !== null ? value : {}) as { apiVersion?: string; kind?: string } & Partial<AuditPolicy>;
  if (policy.kind !== 'Policy' || !VERSIONS.includes(policy.apiVersion ?? '')) throw new PolicyError('an audit policy is of kind Policy in audit.k8s.io/v1');
  const rules = policy.rules ?? [];
  if (rules.length === 0) throw new PolicyError('loaded illegal policy with 0 rules');
  const stages = (list: readonly string[] | undefined, place: string): void => {
    for (const stage of list ?? []) if (!STAGES.includes(stage)) throw new PolicyError(`${place}: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${STAGES.join(',')}`);
  };
  stages(policy.omitStages, 'omitStages');
  for (const [at, rule] of rules.entries()) {
    const place = `rules[${at}]`;
    if (!LEVELS.includes(rule.level))
      throw new PolicyError(`${place}.level: Unsupported value: ${JSON.stringify(rule.level ?? '')}: supported values: ${LEVELS.map((one) => JSON.stringify(one)).join(', ')}`);
    stages(rule.omitStages, `${place}.omitStages`);
    if ((rule.nonResourceURLs ?? []).length > 0 && ((rule.resources ?? []).length > 0 || (rule.namespaces ?? []).length > 0))
      throw new PolicyError(`${place}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`);
  }
  return policy as AuditPolicy;
}

export interface Applied {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

const NONE: Applied = { level: 'None', omitStages: new Set(), omitManagedFields: false };
const any = (list: readonly string[] | undefined): boolean => (list ?? []).length > 0;

function resourceFits({ group = '', resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group) return false;
  const full = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  const fits = (one: string): boolean => one === '*' || one === full || (info.subresource !== '' && (one === `${info.resource}/*` || one === `*/${info.subresource}`));
  if (resources.length > 0 && !resources.some(fits)) return false;
  return resourceNames.length === 0 || resourceNames.includes(info.name);
}

function fits(rule: PolicyRule, user: User, info: RequestInfo): boolean {
  if (any(rule.users) && !rule.users!.includes(user.name)) return false;
  if (any(rule.userGroups) && !user.groups.some((group) => rule.userGroups!.includes(group))) return false;
  if (any(rule.verbs) && !rule.verbs!.includes(info.verb)) return false;
  const isForResources = any(rule.namespaces) || (rule.resources ?? []).length > 0;
  if (!isForResources && !any(rule.nonResourceURLs)) return true;
  if (!info.isResource) return (rule.nonResourceURLs ?? []).some((url) => url === '*' || url === info.path || (url.endsWith('*') && info.path.startsWith(url.slice(0, -1))));
  if (!isForResources) return false;
  if (any(rule.namespaces) && !rule.namespaces!.includes(info.namespace)) return false;
  return (rule.resources ?? []).length === 0 || rule.resources!.some((one) => resourceFits(one, info));
}

export function applied(policy: AuditPolicy, user: User, info: RequestInfo): Applied {
  const rule = policy.rules.find((one) => fits(one, user, info));
  if (rule === undefined) return NONE;
  return {
    level: rule.level,
    omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}
