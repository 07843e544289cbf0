/** Bootstrap tokens: `id.secret`, kept as Secrets of a type of their own in kube-system (`plugin/pkg/auth/authenticator/token/bootstrap`). */
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Store } from '#store/port.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import { parseBytes } from '../write/body.ts';
import { bearerToken } from './bearer.ts';
import { AUTHENTICATED_GROUP, type Authenticator, type User } from './port.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const TYPE = 'bootstrap.kubernetes.io/token';
const GROUP = 'system:bootstrappers';
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** The groups that a token brings, `undefined` where one of them is none that a token may bring. */
function groupsOf(extra: string): readonly string[] | undefined {
  const groups = [GROUP];
  for (const group of extra.split(',').filter((one) => one !== '')) {
    if (!EXTRA_GROUP.test(group)) return undefined;
    if (!groups.includes(group)) groups.push(group);
  }
  return groups.sort();
}

export async function bootstrapUser(store: Store, clock: Clock, token: string): Promise<User | undefined> {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  const [, id, secret] = match as unknown as [string, string, string];
  const stored = await store.get({ resource: 'secrets', namespace: 'kube-system', name: `bootstrap-token-${id}` });
  if (stored === undefined) return undefined;
  const { metadata, type, data } = parseBytes<KubeObject & { type?: string; data?: Readonly<Record<string, string>> }>(stored.body);
  const value = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
  if (metadata.deletionTimestamp !== undefined || type !== TYPE) return undefined;
  if (!same(value('token-secret'), secret) || value('token-id') !== id) return undefined;
  const expiration = value('expiration');
  // a time that cannot be read has passed
  if (expiration !== '' && !(Date.parse(expiration) > clock.now())) return undefined;
  if (value('usage-bootstrap-authentication') !== 'true') return undefined;
  const groups = groupsOf(value('auth-extra-groups'));
  return groups === undefined ? undefined : { name: `system:bootstrap:${id}`, groups: [...groups, AUTHENTICATED_GROUP] };
}

export function bootstrapTokens(store: Store, clock: Clock): Authenticator {
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      return token === undefined ? undefined : bootstrapUser(store, clock, token);
    },
  };
}
