/** What an RBAC rule allows (rbac.authorization.k8s.io/v1 PolicyRule; Kubernetes' `registry/rbac/validation`): pure functions. */

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface ResourceRequest {
  readonly verb: string;
  readonly group: string;
  /** `pods`, with a subresource `pods/status`. */
  readonly resource: string;
  /** Empty for collections and creates. */
  readonly name: string;
}

const ALL = '*';
const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes(value) || list.includes(ALL));

function resourceMatches(list: readonly string[] | undefined, resource: string): boolean {
  if (list === undefined) return false;
  if (list.includes(ALL) || list.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && list.includes(`*${resource.slice(slash)}`);
}

export function allowsResource(rule: PolicyRule, request: ResourceRequest): boolean {
  return (
    has(rule.verbs, request.verb) &&
    has(rule.apiGroups, request.group) &&
    resourceMatches(rule.resources, request.resource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || (request.name !== '' && rule.resourceNames.includes(request.name)))
  );
}

export function allowsPath(rule: PolicyRule, verb: string, path: string): boolean {
  return has(rule.verbs, verb) && (rule.nonResourceURLs ?? []).some((url) => url === ALL || url === path || (url.endsWith(ALL) && path.startsWith(url.slice(0, -1))));
}

/** A rule taken apart into the smallest rules that say the same: what escalation checks compare. */
function* atoms(rule: PolicyRule): Generator<PolicyRule> {
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        if (rule.resourceNames === undefined || rule.resourceNames.length === 0) yield { verbs: [verb], apiGroups: [group], resources: [resource] };
        else for (const name of rule.resourceNames) yield { verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: [name] };
      }
    }
  }
}

function covers(owner: PolicyRule, atom: PolicyRule): boolean {
  if (!has(owner.verbs, atom.verbs[0]!)) return false;
  const url = atom.nonResourceURLs?.[0];
  if (url !== undefined) return (owner.nonResourceURLs ?? []).some((own) => own === url || own === ALL || (own.endsWith(ALL) && url.startsWith(own.slice(0, -1))));
  if (!has(owner.apiGroups, atom.apiGroups![0]!) || !resourceMatches(owner.resources, atom.resources![0]!)) return false;
  if (owner.resourceNames === undefined || owner.resourceNames.length === 0) return true;
  const name = atom.resourceNames?.[0];
  return name !== undefined && owner.resourceNames.includes(name);
}

/** The parts of `wanted` that `owned` does not give: nobody may grant what they do not have. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap((rule) => [...atoms(rule)].filter((atom) => !owned.some((own) => covers(own, atom))));
}

/** Rules for one resource each become one, with the verbs of all; others stay as they are. */
export function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs } = rule;
    if (apiGroups.length !== 1 || resources.length !== 1 || resourceNames.length > 1 || nonResourceURLs.length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = simple.get(key);
    simple.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...verbs.filter((verb) => !known.verbs.includes(verb))] });
  }
  return [...others, ...simple.values()];
}

/** A rule as Kubernetes prints it in a refusal. */
export function describeRule(rule: PolicyRule): string {
  const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ] as const;
  return `{${parts.flatMap(([title, values]) => (values !== undefined && values.length > 0 ? [`${title}:${list(values)}`] : [])).join(', ')}}`;
}
