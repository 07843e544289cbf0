/**
 * Service account tokens: JWTs signed by the cluster's key (RS256), with the claims of Kubernetes' bound tokens
 * (`serviceaccount/claims.go`), and the discovery documents by which others verify them (OpenID Connect Discovery 1.0).
 */
import type { Clock, Ids } from '#machinery/clock.ts';
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since the epoch, as are `nbf` and `iat`. */
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: BoundObject;
    readonly pod?: BoundObject;
    readonly node?: BoundObject;
    readonly secret?: BoundObject;
    readonly warnafter?: number;
  };
}

export interface TokenKeys {
  readonly issuer: string;
  sign(claims: Omit<TokenClaims, 'iss'>): string;
  /** The claims of a token that this cluster signed; `undefined` for anything else. Says nothing about time, audience or life of the account. */
  verify(token: string): TokenClaims | undefined;
  jwks(): { readonly keys: readonly object[] };
  configuration(jwksUri: string): object;
}

/** A header of another kind cannot be ours: `alg` is never taken from the token. */
const ALGORITHM = 'RS256';
/** Longer texts are no tokens of ours. */
const MAX_TOKEN_LENGTH = 16 * 1024;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** As Kubernetes names keys: the SHA-256 of the public key's DER form. */
const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64url');

export function tokenKeys(privateKeyPem: string, issuer: string): TokenKeys {
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  const kid = keyId(publicKey);
  const header = encode({ alg: ALGORITHM, kid });
  return {
    issuer,
    sign(claims) {
      const content = `${header}.${encode({ iss: issuer, ...claims })}`;
      return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`;
    },
    verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) return undefined;
      const [head, payload, signature, ...rest] = token.split('.');
      if (head === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined;
      try {
        const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown };
        if (alg !== ALGORITHM || !verify('sha256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))) return undefined;
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims;
        return claims.iss === issuer && claims['kubernetes.io'] !== undefined ? claims : undefined;
      } catch {
        return undefined;
      }
    },
    jwks: () => ({ keys: [{ use: 'sig', kty: 'RSA', kid, alg: ALGORITHM, ...publicKey.export({ format: 'jwk' }) }] }),
    configuration: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [ALGORITHM],
    }),
  };
}

/** Tokens in secrets have no end of their own: they are good as long as secret and account are there. */
const SECRET_TOKEN_S = 100 * 365 * 24 * 3600;

/** Makes the tokens of secrets of type `kubernetes.io/service-account-token`. */
export function secretTokens(keys: TokenKeys, audiences: readonly string[], clock: Clock, ids: Ids): (namespace: string, account: BoundObject, secret: BoundObject) => string {
  return (namespace, serviceaccount, secret) => {
    const now = Math.floor(clock.now() / 1000);
    return keys.sign({
      aud: audiences,
      exp: now + SECRET_TOKEN_S,
      iat: now,
      nbf: now,
      jti: ids.uid(),
      sub: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
      'kubernetes.io': { namespace, secret, serviceaccount },
    });
  };
}
