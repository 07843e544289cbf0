import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../door.ts';
import { startHarness } from '../testing/harness.ts';
import { bootstrapTokens } from './bootstrap-tokens.ts';
import { type OidcOptions, oidcTokens } from './oidc.ts';

const clock = { now: () => Date.parse('2026-05-05T00:00:00Z') };
const bearer = (token: string): ApiRequest => ({
  method: 'GET',
  path: '/',
  query: '',
  headers: { authorization: `Bearer ${token}` },
  body: undefined,
  signal: new AbortController().signal,
});
const seconds = clock.now() / 1000;
const ISSUER = 'https://issuer.example.com';

async function provider(options: Partial<OidcOptions> = {}) {
  let keys = await generateKeyPair('RS256');
  let kid = 'one';
  const asked: string[] = [];
  const authenticator = oidcTokens({ issuerUrl: ISSUER, clientId: 'cluster', groupsClaim: 'groups', ...options }, clock as never, async (url) => {
    asked.push(url);
    if (url.endsWith('openid-configuration')) return { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` };
    return { keys: [{ ...(await exportJWK(keys.publicKey)), kid, alg: 'RS256', use: 'sig' }] };
  });
  return {
    asked,
    async rotate() {
      keys = await generateKeyPair('RS256');
      kid = 'two';
    },
    sign: (claims: object, more: { issuer?: string; audience?: string; exp?: number } = {}) =>
      new SignJWT({ sub: 'jane', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(more.issuer ?? ISSUER)
        .setAudience(more.audience ?? 'cluster')
        .setExpirationTime(more.exp ?? seconds + 60)
        .sign(keys.privateKey),
    user: (token: string) => authenticator.authenticate(bearer(token)),
  };
}

describe('OIDC tokens', () => {
  it('name a user and groups, with prefixes', async () => {
    const { sign, user, asked } = await provider({ groupsPrefix: 'oidc:' });
    expect(await user(await sign({ groups: ['a', 'b'], jti: 'x' }))).toEqual({
      name: `${ISSUER}#jane`,
      groups: ['oidc:a', 'oidc:b', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
    });
    await user(await sign({}));
    expect(asked).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/keys`]);
    const email = await provider({ usernameClaim: 'email' });
    expect((await email.user(await email.sign({ email: 'j@x.y', email_verified: true })))!.name).toBe('j@x.y');
  });
  it('of others are not its affair', async () => {
    const { sign, user } = await provider();
    expect(await user(await sign({}, { issuer: 'https://other' }))).toBeUndefined();
    expect(await user('not-a-jwt')).toBeUndefined();
  });
  it.each<[string, object, object, Partial<OidcOptions>]>([
    ['another audience', {}, { audience: 'other' }, {}],
    ['expired', {}, { exp: seconds - 60 }, {}],
    ['an address not verified', { email: 'j@x.y', email_verified: false }, {}, { usernameClaim: 'email' }],
    ['a claim missing', {}, {}, { requiredClaims: { team: 'a' } }],
  ])('are refused: %s', async (_, claims, more, options) => {
    const { sign, user } = await provider(options);
    await expect(sign(claims, more).then(user)).rejects.toMatchObject({ code: 'Unauthorized' });
  });
  it('signed by another key are refused, and keys are not asked for at once again', async () => {
    const one = await provider();
    await one.user(await one.sign({}));
    await one.rotate();
    await expect(one.sign({}).then(one.user)).rejects.toMatchObject({ code: 'Unauthorized' });
    expect(one.asked).toHaveLength(2);
  });
});

describe('bootstrap tokens', () => {
  it('are secrets of kube-system', async () => {
    const api = await startHarness();
    await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } });
    const authenticator = bootstrapTokens(api.store, clock as never);
    const put = (id: string, stringData: Record<string, string>) =>
      api.request('POST', '/api/v1/namespaces/kube-system/secrets', {
        metadata: { name: `bootstrap-token-${id}` },
        type: 'bootstrap.kubernetes.io/token',
        stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...stringData },
      });
    await put('aaaaaa', { 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token', expiration: '2027-01-01T00:00:00Z' });
    await put('bbbbbb', { expiration: '2026-01-01T00:00:00Z' });
    await put('cccccc', { 'usage-bootstrap-authentication': 'false' });
    await put('dddddd', { 'auth-extra-groups': 'system:masters' });
    const user = (token: string) => authenticator.authenticate(bearer(token));
    expect(await user('aaaaaa.0123456789abcdef')).toEqual({
      name: 'system:bootstrap:aaaaaa',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
    });
    for (const token of ['aaaaaa.0123456789abcdee', 'bbbbbb.0123456789abcdef', 'cccccc.0123456789abcdef', 'dddddd.0123456789abcdef', 'zzzzzz.0123456789abcdef', 'x'])
      expect(await user(token)).toBeUndefined();
    await api.close();
  });
});
