/** Who a request comes from, and whom it says it speaks for. */
import { ApiError, badRequest, forbiddenRequest, unauthorized } from '#machinery/status.ts';
import { bearerToken } from '../authn/bearer.ts';
import { ANONYMOUS, AUTHENTICATED_GROUP, type User } from '../authn/port.ts';
import type { AuthorizationAttributes } from '../authz/port.ts';
import type { ApiRequest } from '../door.ts';
import type { Services } from '../server.port.ts';
import { explain } from './access.ts';

export interface Identity {
  readonly user: User;
  /** Set when `user` is impersonated: who really asked. */
  readonly by: User | undefined;
}

const EXTRA = 'impersonate-extra-';
const SERVICE_ACCOUNT = 'system:serviceaccount:';

export async function identify(services: Services, request: ApiRequest): Promise<Identity> {
  let user: User | undefined;
  try {
    user = await services.authenticator.authenticate(request);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    services.log('authentication failed', error);
    throw unauthorized();
  }
  // a token that nobody knows is a mistake to tell of; only who shows nothing is anonymous
  if (user === undefined && bearerToken(request) !== undefined) throw unauthorized();
  user ??= ANONYMOUS;
  if (
    request.headers['impersonate-user'] === undefined &&
    request.headers['impersonate-group'] === undefined &&
    request.headers['impersonate-uid'] === undefined &&
    !hasExtra(request)
  )
    return { user, by: undefined };
  return { user: await impersonated(services, request, user), by: user };
}

function hasExtra({ headers }: ApiRequest): boolean {
  for (const name in headers) if (name.startsWith(EXTRA)) return true;
  return false;
}

const values = (header: string | undefined): string[] =>
  header === undefined
    ? []
    : header
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

async function impersonated(services: Services, request: ApiRequest, by: User): Promise<User> {
  const { headers } = request;
  const name = headers['impersonate-user'] ?? '';
  if (name === '') throw badRequest('requested impersonation of groups, uid or extra without impersonating a user');
  const uid = headers['impersonate-uid'];
  const extra: Record<string, string[]> = {};
  for (const header in headers) if (header.startsWith(EXTRA)) extra[unescaped(header.slice(EXTRA.length)).toLowerCase()] = values(headers[header]);
  const groups = values(headers['impersonate-group']);

  const may = async (resource: string, group: string, namespace: string, object: string, subresource = ''): Promise<void> => {
    const attributes: AuthorizationAttributes = { user: by, verb: 'impersonate', isResource: true, group, version: 'v1', resource, subresource, namespace, name: object, path: '' };
    const decision = await services.authorizer.authorize(attributes);
    if (decision.outcome !== 'allow') throw forbiddenRequest({ group, resource }, object, explain(attributes, decision.reason));
  };
  const account = serviceAccount(name);
  if (account === undefined) await may('users', '', '', name);
  else await may('serviceaccounts', '', account.namespace, account.name);
  for (const group of groups) await may('groups', '', '', group);
  if (uid !== undefined && uid !== '') await may('uids', 'authentication.k8s.io', '', uid);
  for (const key in extra) for (const value of extra[key]!) await may('userextras', 'authentication.k8s.io', '', value, key);

  return {
    name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    groups: allGroups(name, groups, account),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function serviceAccount(name: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!name.startsWith(SERVICE_ACCOUNT)) return undefined;
  const [namespace, account, ...rest] = name.slice(SERVICE_ACCOUNT.length).split(':');
  return namespace === undefined || namespace === '' || account === undefined || account === '' || rest.length > 0 ? undefined : { namespace, name: account };
}

function allGroups(name: string, asked: readonly string[], account: { readonly namespace: string } | undefined): readonly string[] {
  const groups = [...asked];
  if (account !== undefined && asked.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`);
  if (name === ANONYMOUS.name) {
    if (!groups.includes('system:unauthenticated')) groups.push('system:unauthenticated');
  } else if (!groups.includes(AUTHENTICATED_GROUP) && !groups.includes('system:unauthenticated')) groups.push(AUTHENTICATED_GROUP);
  return groups;
}
