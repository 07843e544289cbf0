/** Logins by AWS identity: presigned tokens, and the callers of a door that IAM guards. */
import { createHash } from 'node:crypto';
import type { Clock } from '#machinery/clock.ts';
import { unauthorized } from '#machinery/status.ts';
import { bearerToken } from '../bearer.ts';
import { AUTHENTICATED_GROUP, type Authenticator, type User } from '../port.ts';
import { type AwsAccess, canonicalArn, mapIdentity } from './mapping.ts';
import { type AskSts, type CallerIdentity, StsRefused } from './sts.ts';
import { checkToken, TOKEN_PREFIX } from './token.ts';

/** Identities remembered by the hash of their token. */
const REMEMBERED = 2000;

export interface AwsTokensOptions {
  /** Who the token must have been made for. */
  readonly cluster: string;
  readonly ask: AskSts;
  /** Asked with each login, since access may be taken away while a token lives. */
  readonly access: () => Promise<readonly AwsAccess[]>;
  readonly clock: Clock;
}

/** Who holds a token, by STS' word. A good answer is believed until the token is over. */
export function identifyAwsTokens({ cluster, ask, clock }: Omit<AwsTokensOptions, 'access'>): (token: string) => Promise<CallerIdentity> {
  const known = new Map<string, { readonly until: number; readonly identity: CallerIdentity }>();
  return async (token) => {
    const now = clock.now();
    const id = createHash('sha256').update(token).digest('base64');
    const remembered = known.get(id);
    if (remembered !== undefined && remembered.until > now) return remembered.identity;
    const { url, until } = checkToken(token, now);
    let identity: CallerIdentity;
    try {
      identity = await ask(url, cluster);
    } catch (error) {
      throw error instanceof StsRefused ? unauthorized('the AWS token is not valid: STS refused it (expired, or made for another cluster)') : error;
    }
    if (known.size >= REMEMBERED) known.clear();
    known.set(id, { until, identity });
    return identity;
  };
}

export function awsTokens(options: AwsTokensOptions): Authenticator {
  const identify = identifyAwsTokens(options);
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      if (token === undefined || !token.startsWith(TOKEN_PREFIX)) return undefined;
      const identity = await identify(token);
      const user = mapIdentity(identity, await options.access());
      if (user === undefined) throw unauthorized(`${canonicalArn(identity.arn)} has no access to this cluster`);
      return user;
    },
  };
}

export interface AwsCallersOptions {
  /** The role of the nodes' instances: nobody else may be allowed to assume it. */
  readonly nodeRole: string;
  readonly account?: string;
}

/** Agents behind the IAM door: a session of the node role is the node of its name. EC2 calls sessions by their instance, and nobody else may assume the role. */
export function awsCallers({ nodeRole, account }: AwsCallersOptions): Authenticator {
  return {
    authenticate: ({ awsCaller }) => {
      const match = /^arn:[^:]+:sts::(\d+):assumed-role\/([^/]+)\/([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)$/.exec(awsCaller?.arn ?? '');
      if (match === null || match[2] !== nodeRole || (account !== undefined && match[1] !== account)) return Promise.resolve<User | undefined>(undefined);
      return Promise.resolve<User | undefined>({ name: `system:node:${match[3]}`, groups: ['system:nodes', AUTHENTICATED_GROUP] });
    },
  };
}
