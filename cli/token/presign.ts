/** A login token by AWS identity, as `aws eks get-token` makes it: nothing is asked of AWS, only signed. */
import { Sha256 } from '#machinery/sha256.ts';
import { SignatureV4 } from '@smithy/signature-v4';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface PresignOptions {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly cluster: string;
  readonly now: Date;
}

const PREFIX = 'k8s-aws-v1.';
/** What the signature claims, and what kubectl is told: STS takes it for a quarter of an hour whatever it claims. */
const EXPIRES_SECONDS = 60;
const LIVES_MS = 14 * 60_000;

export const stsHost = (region: string): string => `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

export async function presignToken({ credentials, region, cluster, now }: PresignOptions): Promise<string> {
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 });
  const hostname = stsHost(region);
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, 'x-k8s-aws-id': cluster },
    },
    // the name of the cluster must be sent again by who verifies: it stays a header
    { expiresIn: EXPIRES_SECONDS, signingDate: now, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
  const query = Object.entries(signed.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
  return `${PREFIX}${Buffer.from(`https://${hostname}/?${query}`).toString('base64url')}`;
}

/** What kubectl reads from an `exec` plugin; `info` is the variable KUBERNETES_EXEC_INFO that it sets. */
export function execCredential(token: string, now: Date, info: string | undefined): object {
  let apiVersion = 'client.authentication.k8s.io/v1beta1';
  try {
    const asked = (JSON.parse(info ?? '{}') as { readonly apiVersion?: string }).apiVersion;
    if (asked === 'client.authentication.k8s.io/v1' || asked === 'client.authentication.k8s.io/v1beta1') apiVersion = asked;
  } catch {
    // an answer in the older form is understood by all
  }
  return {
    kind: 'ExecCredential',
    apiVersion,
    spec: {},
    status: { expirationTimestamp: new Date(now.getTime() + LIVES_MS).toISOString().replace(/\.\d{3}Z$/, 'Z'), token },
  };
}
