/** Who a request comes from, and whom it says it speaks for. */
import { ApiError, badRequest, unauthorized } from '#machinery/status.ts';
import { bearerToken } from '../authn/bearer.ts';
import { ANONYMOUS, type User } from '../authn/port.ts';
import type { ApiRequest } from '../door.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { attributesOf } from './access.ts';
import { impersonate } from './impersonation.ts';

export interface Identity {
  readonly user: User;
  /** Set when `user` is impersonated: who really asked. */
  readonly by: User | undefined;
  /** The narrow verb that allowed the impersonation. */
  readonly constraint?: string;
}

const EXTRA = 'impersonate-extra-';

export async function identify(services: Services, request: ApiRequest, info: RequestInfo): Promise<Identity> {
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
  const wanted = wantedUser(request);
  return wanted === undefined ? { user, by: undefined } : { by: user, ...(await impersonate(services.authorizer, wanted, attributesOf(user, info, request.query))) };
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

/** As the headers say it, with nothing added. */
function wantedUser({ headers }: ApiRequest): User | undefined {
  const name = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const groups = values(headers['impersonate-group']);
  let extra: Record<string, string[]> | undefined;
  for (const header in headers) {
    if (!header.startsWith(EXTRA)) continue;
    (extra ??= {})[unescaped(header.slice(EXTRA.length)).toLowerCase()] = values(headers[header]);
  }
  if (name !== '') return { name, groups, ...(uid === '' ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
  if (uid !== '' || groups.length > 0 || extra !== undefined) throw badRequest('requested impersonation of groups, uid or extra without impersonating a user');
  return undefined;
}
