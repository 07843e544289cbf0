/** The discovery documents by which others verify this cluster's service account tokens (OpenID Connect Discovery 1.0). */
import type { TokenKeys } from '#apiserver/authn/service-account-tokens.ts';
import { reply } from '#apiserver/http/reply.ts';
import type { PathRoute } from '#apiserver/http/paths.ts';

export function openidPaths(keys: TokenKeys, issuer: string): readonly PathRoute[] {
  const configuration = JSON.stringify(keys.configuration(`${issuer}/openid/v1/jwks`));
  const jwks = JSON.stringify(keys.jwks());
  return [
    { path: '/.well-known/openid-configuration', handle: (exchange) => reply(exchange, 200, 'application/json', configuration) },
    { path: '/openid/v1/jwks', handle: (exchange) => reply(exchange, 200, 'application/jwk-set+json', jwks) },
  ];
}
