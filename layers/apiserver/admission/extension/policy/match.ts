/** Which policies, bindings and parameters are for a request (`plugin/policy/generic`). */
import type { MatchResources, ParamKind, ParamRef } from '#kinds/generated/types.ts';
import type { Kind } from '#kinds/kind.ts';
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Services } from '../../../server.port.ts';
import { parseBytes } from '../../../write/body.ts';
import { keyOf } from '../../../write/store-write.ts';
import type { AdmissionAttributes } from '../../port.ts';
import { matchedBy, namespaceMatches, objectMatches } from '../matching.ts';
import { kindOf, type Matched, namespaceOf, resourceOf } from '../request.ts';

/** The policy or its binding is wrong: its failurePolicy decides. */
export class ConfigurationError extends Error {
  readonly code = 'POLICY_CONFIGURATION';
}

/** @throws ApiError, ConfigurationError */
export async function matchResources(services: Services, match: MatchResources | undefined, attributes: AdmissionAttributes): Promise<Matched | undefined> {
  const own: Matched = { resource: resourceOf(attributes), kind: kindOf(attributes) };
  if (match === undefined) return own;
  if (matchedBy(services, match.excludeResourceRules, match.matchPolicy, attributes) !== undefined) return undefined;
  const rules = match.resourceRules ?? [];
  const matched = rules.length === 0 ? own : matchedBy(services, rules, match.matchPolicy, attributes);
  if (matched === undefined || !objectMatches(match.objectSelector, attributes)) return undefined;
  return (await namespaceMatches(services, match.namespaceSelector, attributes)) ? matched : undefined;
}

async function paramKindOf(services: Services, paramKind: ParamKind): Promise<Kind> {
  const { apiVersion = '', kind = '' } = paramKind;
  const slash = apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  let found = services.registry.byKind(group, version, kind);
  if (found === undefined) {
    await services.registry.refresh?.();
    found = services.registry.byKind(group, version, kind);
  }
  if (found === undefined) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  return found;
}

/**
 * What a binding's expressions are evaluated with, one after the other; `[undefined]` where there are no parameters.
 * @throws ConfigurationError
 */
export async function parametersOf(
  services: Services,
  paramKind: ParamKind | undefined,
  reference: ParamRef | undefined,
  attributes: AdmissionAttributes,
): Promise<readonly (KubeObject | undefined)[]> {
  if (paramKind === undefined) return [undefined];
  const kind = await paramKindOf(services, paramKind);
  if (reference === undefined) return [undefined];
  let namespace = '';
  if (kind.namespaced) {
    namespace = reference.namespace || namespaceOf(attributes);
    if (namespace === '') throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  } else if (reference.namespace) throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const { store } = services.partsFor(kind);
  const typed = (body: Uint8Array): KubeObject => ({ ...parseBytes(body), apiVersion: paramKind.apiVersion ?? '', kind: paramKind.kind ?? '' });
  const found: KubeObject[] = [];
  if (reference.name) {
    const stored = await store.get(keyOf(kind, namespace, reference.name));
    if (stored !== undefined) found.push(typed(stored.body));
  } else if (reference.selector !== undefined) {
    const selector = selectorFromLabelSelector(reference.selector as LabelSelectorObject);
    const page = await store.list({ resource: kind.storage, version: 'latest', ...(kind.namespaced ? { namespace } : {}), match: ({ labels }) => matches(selector, labels) });
    for (const item of page.items) found.push(typed(item.body));
  } else throw new ConfigurationError('one of name or selector must be provided');
  if (found.length === 0 && reference.parameterNotFoundAction !== 'Allow') throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found;
}
