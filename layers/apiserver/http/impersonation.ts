/**
 * Whom a user may speak for (KEP-5284, on by default in 1.36). The narrow modes come first: each asks whether the user may do this very
 * thing in that mode (`impersonate-on:<mode>:<verb>`), and whether they may be that user (`impersonate:<mode>`). The last is the old
 * `impersonate`, which opens every verb at once.
 */
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { type ApiError, forbiddenRequest } from '#machinery/status.ts';
import { ANONYMOUS, AUTHENTICATED_GROUP, type User } from '../authn/port.ts';
import type { AuthorizationAttributes, Authorizer } from '../authz/port.ts';
import { explain, refusal } from './access.ts';

export interface Impersonated {
  readonly user: User;
  /** The narrow verb that allowed it. */
  readonly constraint?: string;
}

type Mode = 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info';

const AUTHN = 'authentication.k8s.io';
const SERVICE_ACCOUNT = 'system:serviceaccount:';
const NODE = 'system:node:';
const UNAUTHENTICATED = 'system:unauthenticated';
const NODE_NAME = 'authentication.kubernetes.io/node-name';
/** From so many on, one question for all comes before one for each. */
const MANY = 4;

function accountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!name.startsWith(SERVICE_ACCOUNT)) return undefined;
  const [namespace, account, ...rest] = name.slice(SERVICE_ACCOUNT.length).split(':');
  return namespace === undefined || namespace === '' || account === undefined || account === '' || rest.length > 0 ? undefined : { namespace, name: account };
}

const nodeOf = (name: string): string | undefined => (name.startsWith(NODE) && isDNS1123Subdomain(name.slice(NODE.length)).length === 0 ? name.slice(NODE.length) : undefined);

const onlyName = ({ uid, groups, extra }: User): boolean => uid === undefined && groups.length === 0 && extra === undefined;

function modesFor(wanted: User, by: User): readonly Mode[] {
  const node = nodeOf(wanted.name);
  if (node !== undefined) {
    if (!onlyName(wanted)) return [];
    const own = by.extra?.[NODE_NAME] ?? [];
    return accountOf(by.name) !== undefined && own.length === 1 && own[0] === node ? ['associated-node', 'arbitrary-node'] : ['arbitrary-node'];
  }
  if (accountOf(wanted.name) !== undefined) return onlyName(wanted) ? ['serviceaccount'] : [];
  return ['user-info'];
}

const isPath = (text: string): boolean => /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(text);

function extraError(extra: NonNullable<User['extra']>): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const at = key.indexOf('/');
    if (at <= 0 || at === key.length - 1)
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
    const [wrong] = isDNS1123Subdomain(key.slice(0, at));
    if (wrong !== undefined) return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key.slice(0, at))}: ${wrong}`;
    if (!isPath(key.slice(at + 1))) return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key.slice(at + 1))}: Invalid path`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

function grouped(groups: readonly string[], name: string): readonly string[] {
  if (name === ANONYMOUS.name) return groups.includes(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED];
  return groups.includes(UNAUTHENTICATED) || groups.includes(AUTHENTICATED_GROUP) ? groups : [...groups, AUTHENTICATED_GROUP];
}

/** @param action what the request is about to do, as the one who really asks @throws ApiError 403: what was missing in the first mode that applies */
export async function impersonate(authorizer: Authorizer, wanted: User, action: AuthorizationAttributes): Promise<Impersonated> {
  let first: ApiError | undefined;

  async function check(attributes: AuthorizationAttributes): Promise<ApiError | undefined> {
    const decision = await authorizer.authorize(attributes);
    return decision.outcome === 'allow' ? undefined : refusal(attributes, decision.reason);
  }

  async function primary(verb: string, by: User, narrow: boolean): Promise<User | ApiError> {
    const base = { user: by, verb, isResource: true, version: 'v1', subresource: '', namespace: '', name: '', path: '' } as const;
    const group = narrow ? AUTHN : '';
    const no = (attributes: AuthorizationAttributes, why: string): ApiError => forbiddenRequest(attributes, attributes.name, explain(attributes, why));
    const node = narrow ? nodeOf(wanted.name) : undefined;
    const account = accountOf(wanted.name);
    const name: AuthorizationAttributes =
      node !== undefined
        ? { ...base, group, resource: 'nodes', name: verb === 'impersonate:associated-node' ? '*' : node }
        : account !== undefined
          ? { ...base, group, resource: 'serviceaccounts', namespace: account.namespace, name: account.name }
          : { ...base, group, resource: 'users', name: wanted.name };
    const questions: AuthorizationAttributes[] = [name];
    if (wanted.uid !== undefined) questions.push({ ...base, group: AUTHN, resource: 'uids', name: wanted.uid });
    for (const question of questions) {
      const missing = await check(question);
      if (missing !== undefined) return missing;
    }

    const groups: AuthorizationAttributes = { ...base, group, resource: 'groups' };
    if (narrow && wanted.groups.includes('')) return no(groups, 'impersonating the empty string group is not allowed');
    if (narrow && wanted.groups.includes('system:masters')) return no({ ...groups, name: 'system:masters' }, 'impersonating the system:masters group is not allowed');
    if (!(narrow && wanted.groups.length >= MANY && (await check({ ...groups, name: '*' })) === undefined)) {
      for (const one of wanted.groups) {
        const missing = await check({ ...groups, name: one });
        if (missing !== undefined) return missing;
      }
    }

    const extras: AuthorizationAttributes = { ...base, group: AUTHN, resource: 'userextras' };
    const pairs = Object.entries(wanted.extra ?? {}).flatMap(([key, values]) => values.map((value) => ({ ...extras, subresource: key, name: value })));
    const wrong = narrow ? extraError(wanted.extra ?? {}) : undefined;
    if (wrong !== undefined) return no(extras, wrong);
    const many = Object.keys(wanted.extra ?? {}).length >= MANY || pairs.length >= MANY;
    if (!(narrow && many && (await check({ ...extras, subresource: '*', name: '*' })) === undefined)) {
      for (const pair of pairs) {
        const missing = await check(pair);
        if (missing !== undefined) return missing;
      }
    }
    const own = wanted.groups.length > 0 ? wanted.groups : account === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
    return { ...wanted, groups: grouped(node === undefined ? own : ['system:nodes'], wanted.name) };
  }

  for (const mode of modesFor(wanted, action.user)) {
    const verb = `impersonate:${mode}`;
    // the node is known to be the account's own: who holds this may be any node that they run on
    const by: User =
      mode === 'associated-node' ? { ...action.user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(action.user.extra ?? {}).sort() } } : action.user;
    const found = (await check({ ...action, user: by, verb: `impersonate-on:${mode}:${action.verb}` })) ?? (await primary(verb, by, true));
    if (!(found instanceof Error)) return { user: found, constraint: verb };
    first ??= found;
  }
  const found = await primary('impersonate', action.user, false);
  if (!(found instanceof Error)) return { user: found };
  throw first ?? found;
}
