/** Bearer tokens of service accounts: ours, in time, for us, and of an account (and pod, node or secret) that still lives. */
import type { Clock } from '#machinery/clock.ts';
import { unauthorized } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import { createHash } from 'node:crypto';
import { bearerToken } from './bearer.ts';
import { AUTHENTICATED_GROUP, type Authenticator, type User } from './port.ts';
import type { TokenClaims, TokenKeys } from './service-account-tokens.ts';

/** A token found good is not looked at again for this long: a deleted account is locked out after it at the latest. */
const TRUST_MS = 10_000;
const REMEMBERED = 5000;

export interface CheckedToken {
  readonly user: User;
  readonly claims: TokenClaims;
}

export interface ServiceAccountTokens extends Authenticator {
  /** Why a token is no good, as a thrown 401; `undefined` for a text that is no token of this cluster. */
  check(token: string, audiences: readonly string[]): Promise<CheckedToken | undefined>;
}

export function serviceAccountUser(claims: TokenClaims): User {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  const extra: Record<string, string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] };
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED_GROUP],
    extra,
  };
}

export function serviceAccountTokens(keys: TokenKeys, store: Store, clock: Clock, apiAudiences: readonly string[]): ServiceAccountTokens {
  const trusted = new Map<string, { readonly until: number; readonly checked: CheckedToken }>();

  async function lives(resource: string, namespace: string, object: { readonly name: string; readonly uid: string } | undefined): Promise<boolean> {
    if (object === undefined) return true;
    const stored = await store.get({ resource, namespace, name: object.name }, 'any');
    return stored !== undefined && stored.uid === object.uid;
  }

  async function check(token: string, audiences: readonly string[]): Promise<CheckedToken | undefined> {
    const now = clock.now();
    const id = createHash('sha256').update(audiences.join('\n')).update('\0').update(token).digest('base64');
    const known = trusted.get(id);
    if (known !== undefined && known.until > now) return known.checked;
    const claims = keys.verify(token);
    if (claims === undefined) return undefined;
    const seconds = now / 1000;
    // a minute of grace on the start: the clocks of a signer and of a reader are not one
    if (claims.exp <= seconds) throw unauthorized('service account token has expired');
    if (claims.nbf > seconds + 60) throw unauthorized('service account token is not valid yet');
    if (!audiences.some((audience) => claims.aud.includes(audience))) throw unauthorized('invalid bearer token');
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
    const alive = await Promise.all([
      lives('serviceaccounts', namespace, serviceaccount),
      lives('pods', namespace, pod),
      lives('secrets', namespace, secret),
      // a node that only hosts the pod may be registered anew while the token lives
      pod === undefined ? lives('nodes', '', node) : true,
    ]);
    if (alive.includes(false)) throw unauthorized('service account token has been invalidated');
    const checked = { user: serviceAccountUser(claims), claims };
    if (trusted.size >= REMEMBERED) trusted.clear();
    trusted.set(id, { until: Math.min(now + TRUST_MS, claims.exp * 1000), checked });
    return checked;
  }

  return {
    check,
    async authenticate(request) {
      const token = bearerToken(request);
      return token === undefined || !token.includes('.') ? undefined : (await check(token, apiAudiences))?.user;
    },
  };
}
