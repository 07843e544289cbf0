/**
 * ID tokens of an OpenID Connect provider (kube-apiserver's `--oidc-*` flags): its keys are found by its discovery document, kept, and asked
 * for again when a token names one that is not among them.
 */
import type { Clock } from '#machinery/clock.ts';
import { unauthorized } from '#machinery/status.ts';
import { request as httpsRequest } from 'node:https';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { bearerToken } from './bearer.ts';
import { AUTHENTICATED_GROUP, type Authenticator, type User } from './port.ts';

export interface OidcOptions {
  /** `https://...`, and the `iss` of tokens. */
  readonly issuerUrl: string;
  /** Who tokens must be for: their `aud`. */
  readonly clientId: string;
  readonly usernameClaim?: string;
  /** `-` for none; absent: the issuer and `#`, but for `email`. */
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims?: Readonly<Record<string, string>>;
  readonly signingAlgorithms?: readonly string[];
  /** PEM; the system's authorities where absent. */
  readonly caPem?: string;
}

/** Gets a JSON document. */
export type FetchJson = (url: string) => Promise<unknown>;

const FETCH_LIMIT_MS = 10_000;
const DOCUMENT_LIMIT = 1024 * 1024;
/** A provider is not asked for its keys more often than this, whatever tokens come. */
const COOLDOWN_MS = 10_000;
const KEYS_MS = 3600_000;
const MAX_TOKEN = 16 * 1024;

export function httpsJson(caPem: string | undefined): FetchJson {
  return (url) =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        url,
        { ...(caPem === undefined ? {} : { ca: caPem }), headers: { accept: 'application/json' }, timeout: FETCH_LIMIT_MS, signal: AbortSignal.timeout(FETCH_LIMIT_MS) },
        (response) => {
          const parts: Buffer[] = [];
          let size = 0;
          response.on('data', (part: Buffer) => {
            size += part.length;
            if (size > DOCUMENT_LIMIT) response.destroy(new Error(`${url}: longer than ${DOCUMENT_LIMIT} bytes`));
            else parts.push(part);
          });
          response.on('error', reject);
          response.on('end', () => {
            if (response.statusCode !== 200) return reject(new Error(`${url}: status ${response.statusCode}`));
            try {
              resolve(JSON.parse(Buffer.concat(parts).toString()));
            } catch (error) {
              reject(error as Error);
            }
          });
        },
      );
      request.on('error', reject);
      request.end();
    });
}

type Keys = ReturnType<typeof createLocalJWKSet>;

class Provider {
  readonly #issuer: string;
  readonly #fetch: FetchJson;
  readonly #clock: Clock;
  #keys: Keys | undefined;
  #fetchedAt = -Infinity;
  #fetching: Promise<Keys> | undefined;

  constructor(issuer: string, fetch: FetchJson, clock: Clock) {
    this.#issuer = issuer;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  keys(): Promise<Keys> | Keys {
    return this.#keys !== undefined && this.#clock.now() - this.#fetchedAt < KEYS_MS ? this.#keys : this.#load();
  }

  /** Keys that are newer than those at hand, where the provider may be asked again. */
  async fresh(): Promise<Keys | undefined> {
    return this.#clock.now() - this.#fetchedAt < COOLDOWN_MS ? undefined : this.#load();
  }

  #load(): Promise<Keys> {
    return (this.#fetching ??= this.#get().finally(() => {
      this.#fetching = undefined;
    }));
  }

  async #get(): Promise<Keys> {
    const document = (await this.#fetch(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)) as { issuer?: string; jwks_uri?: string };
    if (document.issuer !== this.#issuer)
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(this.#issuer)} got ${JSON.stringify(document.issuer)}`);
    if (document.jwks_uri?.startsWith('https://') !== true) throw new Error('oidc: the provider names no place of its keys');
    this.#keys = createLocalJWKSet((await this.#fetch(document.jwks_uri)) as JSONWebKeySet);
    this.#fetchedAt = this.#clock.now();
    return this.#keys;
  }
}

function textClaim(claims: JWTPayload, name: string): string {
  const value = claims[name];
  if (value === undefined) throw new Error(`oidc: parse username claims ${JSON.stringify(name)}: claim not present`);
  if (typeof value !== 'string' || value === '') throw new Error(`oidc: parse username claims ${JSON.stringify(name)}: claim is no text`);
  return value;
}

function userOf(claims: JWTPayload, options: OidcOptions): User {
  const { usernameClaim = 'sub', usernamePrefix, groupsClaim, groupsPrefix = '', issuerUrl, requiredClaims = {} } = options;
  const name = textClaim(claims, usernameClaim);
  // an address that nobody verified is anybody's
  if (usernameClaim === 'email' && claims['email_verified'] !== undefined && claims['email_verified'] !== true) throw new Error('oidc: email not verified');
  for (const [claim, wanted] of Object.entries(requiredClaims))
    if (claims[claim] !== wanted) throw new Error(`oidc: required claim ${claim} ${claims[claim] === undefined ? 'not present in ID token' : 'value does not match'}`);
  const prefix = usernamePrefix === '-' ? '' : (usernamePrefix ?? (usernameClaim === 'email' ? '' : `${issuerUrl}#`));
  const found = groupsClaim === undefined ? undefined : claims[groupsClaim];
  const groups = typeof found === 'string' ? [found] : Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
  return {
    name: `${prefix}${name}`,
    groups: [...groups.map((group) => `${groupsPrefix}${group}`), AUTHENTICATED_GROUP],
    ...(typeof claims.jti === 'string' ? { extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] } } : {}),
  };
}

export function oidcTokens(options: OidcOptions, clock: Clock, fetch: FetchJson = httpsJson(options.caPem)): Authenticator {
  const provider = new Provider(options.issuerUrl, fetch, clock);
  const verify = async (token: string, keys: Keys): Promise<JWTPayload> =>
    (
      await jwtVerify(token, keys, {
        issuer: options.issuerUrl,
        audience: options.clientId,
        algorithms: [...(options.signingAlgorithms ?? ['RS256'])],
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp'],
      })
    ).payload;
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      if (token === undefined || token.length > MAX_TOKEN || token.split('.').length !== 3) return undefined;
      try {
        if (decodeJwt(token).iss !== options.issuerUrl) return undefined;
      } catch {
        return undefined;
      }
      let claims: JWTPayload;
      try {
        try {
          claims = await verify(token, await provider.keys());
        } catch (error) {
          if ((error as { code?: string }).code !== 'ERR_JWKS_NO_MATCHING_KEY') throw error;
          const fresh = await provider.fresh();
          if (fresh === undefined) throw error;
          claims = await verify(token, fresh);
        }
        return userOf(claims, options);
      } catch (error) {
        throw unauthorized(`invalid bearer token, ${(error as Error).message}`);
      }
    },
  };
}
