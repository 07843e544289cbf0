/** Puts a presigned question to STS. */
import { request as http } from 'node:http';
import { request as https } from 'node:https';
import { CLUSTER_HEADER } from './token.ts';

const LIMIT_MS = 10_000;
/** An answer of STS has some hundred bytes. */
const MAX_BYTES = 64 * 1024;

export interface CallerIdentity {
  readonly arn: string;
  readonly account: string;
  /** `AIDA...` of a user, `AROA...:SESSION` of a role. */
  readonly userId: string;
}

export class StsRefused extends Error {
  readonly code = 'STS_REFUSED';
}

/** Redirects are not followed: a signature is for one host. */
export type AskSts = (url: URL, cluster: string) => Promise<CallerIdentity>;

/** `endpoint`: where STS is to be found instead of at its name (emulators); the name is signed and stays. */
export function askSts(endpoint?: URL): AskSts {
  return (url, cluster) =>
    new Promise((resolve, reject) => {
      const target = endpoint ?? url;
      const send = target.protocol === 'https:' ? https : http;
      const sent = send(
        {
          host: target.hostname,
          port: target.port === '' ? undefined : Number(target.port),
          path: `${url.pathname}${url.search}`,
          method: 'GET',
          headers: { host: url.host, accept: 'application/json', [CLUSTER_HEADER]: cluster },
          signal: AbortSignal.timeout(LIMIT_MS),
        },
        (response) => {
          const parts: Buffer[] = [];
          let size = 0;
          response.on('data', (part: Buffer) => {
            size += part.length;
            if (size > MAX_BYTES) response.destroy(new Error('the answer of STS is too long'));
            else parts.push(part);
          });
          response.on('error', reject);
          response.on('end', () => {
            if (response.statusCode !== 200) {
              // the client's fault below 500: the signature, the time, the cluster
              reject(response.statusCode! < 500 ? new StsRefused(`STS answered ${response.statusCode}`) : new Error(`STS answered ${response.statusCode}`));
              return;
            }
            try {
              const { GetCallerIdentityResponse: answer } = JSON.parse(Buffer.concat(parts).toString()) as {
                readonly GetCallerIdentityResponse: { readonly GetCallerIdentityResult: { readonly Account: string; readonly Arn: string; readonly UserId: string } };
              };
              const { Account, Arn, UserId } = answer.GetCallerIdentityResult;
              resolve({ arn: Arn, account: Account, userId: UserId });
            } catch (error) {
              reject(error as Error);
            }
          });
        },
      );
      sent.on('error', reject);
      sent.end();
    });
}
