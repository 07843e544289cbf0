/** What tells the scheduler where a pod may go: affinity, tolerations, spread, gates. */
import type {
  Affinity,
  LabelSelector,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSchedulingGate,
  Toleration,
  TopologySpreadConstraint,
} from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '#machinery/names.ts';
import { type Errors, POSITIVE, checkOneOf, checkText } from '../../shared/check.ts';
import { checkLabelSelector } from '../../shared/selector.ts';

const OPERATOR = 'not a valid selector operator';
const RANGE = 'must be in the range 1-100';
const TAINT_EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function checkNodeRequirement(errors: Errors, field: string, { key = '', operator = '', values = [] }: Partial<NodeSelectorRequirement>, anyValue: boolean): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) errors.push(forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(`${field}.operator`, operator, OPERATOR));
  }
  checkText(errors, `${field}.key`, key, isQualifiedName(key));
  if (!anyValue) values.forEach((value, index) => checkText(errors, `${field}.values[${index}]`, value, isLabelValue(value)));
}

function checkNodeField(errors: Errors, field: string, { key = '', operator = '', values = [] }: Partial<NodeSelectorRequirement>): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1) errors.push(required(`${field}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  } else errors.push(invalid(`${field}.operator`, operator, OPERATOR));
  if (key !== 'metadata.name') errors.push(invalid(`${field}.key`, key, 'not a valid field selector key'));
  else values.forEach((value, index) => checkText(errors, `${field}.values[${index}]`, value, isDNS1123Subdomain(value)));
}

function checkTerm(errors: Errors, field: string, term: NodeSelectorTerm, anyValue: boolean): void {
  (term.matchExpressions ?? []).forEach((requirement, index) => checkNodeRequirement(errors, `${field}.matchExpressions[${index}]`, requirement, anyValue));
  (term.matchFields ?? []).forEach((requirement, index) => checkNodeField(errors, `${field}.matchFields[${index}]`, requirement));
}

export function checkNodeSelector(errors: Errors, field: string, selector: NodeSelector): void {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) errors.push(required(`${field}.nodeSelectorTerms`, 'must have at least one node selector term'));
  terms.forEach((term, index) => checkTerm(errors, `${field}.nodeSelectorTerms[${index}]`, term, false));
}

function checkMatchKeys(errors: Errors, field: string, { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: PodAffinityTerm): void {
  if (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0) return;
  const only = (name: string): FieldError => forbidden(`${field}.${name}`, 'must not be specified when labelSelector is not set');
  const checkKeys = (name: string, keys: readonly string[]): void => {
    if (keys.length === 0) return;
    if (labelSelector === undefined) errors.push(only(name));
    else keys.forEach((key, index) => checkText(errors, `${field}.${name}[${index}]`, key, isQualifiedName(key)));
  };
  checkKeys('matchLabelKeys', matchLabelKeys);
  checkKeys('mismatchLabelKeys', mismatchLabelKeys);
  matchLabelKeys.forEach((key, index) => {
    // without the name of the list, as in Kubernetes
    if (timesSelected(labelSelector, key) > 1) errors.push(invalid(`${field}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
  });
  matchLabelKeys.forEach((key, index) => {
    if (mismatchLabelKeys.includes(key)) errors.push(invalid(`${field}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
}

function checkAffinityTerm(errors: Errors, field: string, term: PodAffinityTerm): void {
  checkLabelSelector(errors, `${field}.labelSelector`, term.labelSelector);
  checkLabelSelector(errors, `${field}.namespaceSelector`, term.namespaceSelector);
  for (const name of term.namespaces ?? []) checkText(errors, `${field}.namespace`, name, isDNS1123Label(name));
  checkMatchKeys(errors, field, term);
  if (!term.topologyKey) errors.push(required(`${field}.topologyKey`, 'can not be empty'));
  checkText(errors, `${field}.topologyKey`, term.topologyKey ?? '', isQualifiedName(term.topologyKey ?? ''));
}

export function checkAffinity(errors: Errors, field: string, affinity: Affinity | undefined): void {
  if (affinity === undefined) return;
  const { nodeAffinity } = affinity;
  const [must, should] = ['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution'] as const;
  if (nodeAffinity?.[must] !== undefined) checkNodeSelector(errors, `${field}.nodeAffinity.${must}`, nodeAffinity[must]);
  (nodeAffinity?.[should] ?? []).forEach(({ weight, preference }, index) => {
    const at = `${field}.nodeAffinity.${should}[${index}]`;
    if (!(weight > 0 && weight <= 100)) errors.push(invalid(`${at}.weight`, weight ?? 0, RANGE));
    // a preference that matches nothing does no harm
    checkTerm(errors, `${at}.preference`, preference ?? {}, true);
  });
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    (affinity[name]?.[must] ?? []).forEach((term, index) => checkAffinityTerm(errors, `${field}.${name}.${must}[${index}]`, term));
    (affinity[name]?.[should] ?? []).forEach(({ weight, podAffinityTerm }, index) => {
      const at = `${field}.${name}.${should}[${index}]`;
      if (!(weight > 0 && weight <= 100)) errors.push(invalid(`${at}.weight`, weight ?? 0, RANGE));
      checkAffinityTerm(errors, `${at}.podAffinityTerm`, podAffinityTerm ?? { topologyKey: '' });
    });
  }
}

export function checkTaintEffect(errors: Errors, field: string, effect: string | undefined, mayBeEmpty: boolean): void {
  if (effect === undefined || effect === '') {
    if (!mayBeEmpty) errors.push(required(field));
  } else if (!TAINT_EFFECTS.includes(effect)) errors.push(notSupported(field, effect, TAINT_EFFECTS));
}

export function checkTolerations(errors: Errors, field: string, tolerations: readonly Toleration[]): void {
  tolerations.forEach(({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, index) => {
    const at = `${field}[${index}]`;
    if (key !== '') checkText(errors, `${at}.key`, key, isQualifiedName(key));
    else if (operator !== 'Exists') errors.push(invalid(`${at}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    switch (operator) {
      case '':
      case 'Equal': {
        const messages = isLabelValue(value);
        if (messages.length > 0) errors.push(invalid(`${at}.operator`, value, messages.join(';')));
        break;
      }
      case 'Exists':
        if (value !== '') errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
        break;
      default:
        errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    }
    checkTaintEffect(errors, `${at}.effect`, effect, true);
  });
}

export function checkGates(errors: Errors, field: string, gates: readonly PodSchedulingGate[]): void {
  const seen = new Set<string>();
  gates.forEach(({ name = '' }, index) => {
    checkText(errors, `${field}[${index}]`, name, isQualifiedName(name));
    if (seen.has(name)) errors.push(duplicate(`${field}[${index}]`, name));
    seen.add(name);
  });
}

const WHEN: readonly string[] = ['DoNotSchedule', 'ScheduleAnyway'];
const HONOR: readonly string[] = ['Honor', 'Ignore'];

export function checkSpread(errors: Errors, field: string, constraints: readonly TopologySpreadConstraint[]): void {
  constraints.forEach((constraint, index) => {
    const at = `${field}[${index}]`;
    const { maxSkew, topologyKey = '', whenUnsatisfiable = '', labelSelector, minDomains, matchLabelKeys = [] } = constraint;
    if (!(maxSkew > 0)) errors.push(invalid(`${at}.maxSkew`, maxSkew ?? 0, POSITIVE));
    if (topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!WHEN.includes(whenUnsatisfiable)) errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, WHEN));
    if (constraints.some((other, later) => later > index && (other.topologyKey ?? '') === topologyKey && (other.whenUnsatisfiable ?? '') === whenUnsatisfiable))
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalid(`${at}.minDomains`, minDomains, POSITIVE));
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(invalid(`${at}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`));
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const)
      if (constraint[name] !== undefined && !HONOR.includes(constraint[name])) errors.push(notSupported(`${at}.${name}`, constraint[name], HONOR));
    checkSpreadKeys(errors, at, matchLabelKeys, labelSelector);
    checkLabelSelector(errors, `${at}.labelSelector`, labelSelector);
  });
}

function checkSpreadKeys(errors: Errors, field: string, keys: readonly string[], selector: TopologySpreadConstraint['labelSelector']): void {
  if (keys.length === 0) return;
  if (selector === undefined) errors.push(forbidden(`${field}.matchLabelKeys`, 'must not be specified when labelSelector is not set'));
  keys.forEach((key, index) => {
    checkText(errors, `${field}.matchLabelKeys[${index}]`, key, isQualifiedName(key));
    if (timesSelected(selector, key) > 1) errors.push(invalid(`${field}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
  });
}

/** Creating a pod puts each of its keys into the selector once (prepare.ts); only a second one came from the user. */
function timesSelected(selector: LabelSelector | undefined, key: string): number {
  const expressions = (selector?.matchExpressions ?? []).filter((expression) => expression.key === key).length;
  return expressions + (selector?.matchLabels?.[key] === undefined ? 0 : 2);
}

export const checkPreemptionPolicy = (errors: Errors, field: string, policy: string | undefined): void => {
  if (policy !== undefined) checkOneOf(errors, field, policy, ['PreemptLowerPriority', 'Never']);
};
