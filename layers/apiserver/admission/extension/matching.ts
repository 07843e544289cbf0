/** Whether a webhook or a policy is for a request: rules, selectors, other versions of the same resource (`plugin/webhook/generic`, `policy/matching`). */
import type { LabelSelector, NamedRuleWithOperations, RuleWithOperations } from '#kinds/generated/types.ts';
import { EVERYTHING, type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import { notFound } from '#machinery/status.ts';
import type { Services } from '../../server.port.ts';
import type { AdmissionAttributes } from '../port.ts';
import { equivalentsOf, type GroupVersionResource, kindOf, type Matched, nameOf, namespaceOf, resourceOf } from './request.ts';

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));
const isNamespaces = ({ group, resource }: GroupVersionResource): boolean => group === '' && resource === 'namespaces';

function scopeMatches(scope: string | undefined, resource: GroupVersionResource, namespace: string): boolean {
  switch (scope) {
    case 'Namespaced':
      return !isNamespaces(resource) && namespace !== '';
    case 'Cluster':
      return isNamespaces(resource) || namespace === '';
    default:
      return true;
  }
}

function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  return (list ?? []).some((text) => {
    const slash = text.indexOf('/');
    const [own, sub] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
    return (own === '*' || own === resource) && (sub === '*' || sub === subresource);
  });
}

export function ruleMatches(rule: RuleWithOperations, attributes: AdmissionAttributes, resource: GroupVersionResource): boolean {
  return (
    has(rule.operations, attributes.operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    resourceMatches(rule.resources, resource.resource, attributes.subresource) &&
    scopeMatches(rule.scope, resource, namespaceOf(attributes))
  );
}

const nameMatches = (rule: NamedRuleWithOperations, name: string): boolean => (rule.resourceNames ?? []).length === 0 || rule.resourceNames!.includes(name);

/** What the first rule that fits is for. */
export function matchedBy(
  services: Services,
  rules: readonly NamedRuleWithOperations[] | undefined,
  policy: string | undefined,
  attributes: AdmissionAttributes,
): Matched | undefined {
  const own = resourceOf(attributes);
  const name = nameOf(attributes);
  for (const rule of rules ?? []) if (ruleMatches(rule, attributes, own) && nameMatches(rule, name)) return { resource: own, kind: kindOf(attributes) };
  if (policy !== 'Equivalent') return undefined;
  const equivalents = equivalentsOf(services, attributes);
  if (equivalents.length === 0) return undefined;
  for (const rule of rules ?? []) {
    for (const { group, version, plural, kind } of equivalents) {
      const resource = { group, version, resource: plural };
      if (!ruleMatches(rule, attributes, resource) || !nameMatches(rule, name)) continue;
      return { resource, kind: attributes.subresource === 'scale' ? kindOf(attributes) : { group, version, kind } };
    }
  }
  return undefined;
}

/** Selectors are read once: an object that is stored does not change. */
const selectors = new WeakMap<object, ReturnType<typeof selectorFromLabelSelector>>();

function selectorOf(object: LabelSelector | undefined): ReturnType<typeof selectorFromLabelSelector> {
  if (object === undefined) return EVERYTHING;
  let found = selectors.get(object);
  if (found === undefined) selectors.set(object, (found = selectorFromLabelSelector(object as LabelSelectorObject)));
  return found;
}

/** @throws ApiError 404 where the namespace is not there */
export async function namespaceMatches(services: Services, selector: LabelSelector | undefined, attributes: AdmissionAttributes): Promise<boolean> {
  const parsed = selectorOf(selector);
  if (parsed.requirements.length === 0) return true;
  const namespace = namespaceOf(attributes);
  // cluster-scoped objects are matched by no selector, and refused by none
  if (namespace === '' && !isNamespaces(resourceOf(attributes))) return true;
  if (isNamespaces(resourceOf(attributes)) && (attributes.operation === 'CREATE' || attributes.operation === 'UPDATE') && attributes.subresource === '')
    return matches(parsed, attributes.object?.metadata.labels);
  const found = await services.store.get({ resource: 'namespaces', namespace: '', name: namespace });
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  return matches(parsed, found.labels);
}

/** Either state of the object will do. */
export function objectMatches(selector: LabelSelector | undefined, { object, oldObject }: AdmissionAttributes): boolean {
  const parsed = selectorOf(selector);
  if (parsed.requirements.length === 0) return true;
  const fits = (one: KubeObject | undefined): boolean => one?.metadata !== undefined && matches(parsed, one.metadata.labels);
  return fits(object) || fits(oldObject);
}
