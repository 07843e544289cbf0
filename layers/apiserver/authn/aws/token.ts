/**
 * Tokens of `aws eks get-token` and `paperplane token`: a presigned question to STS, "who am I", that only the holder of the credentials could have
 * signed, for one cluster and for a quarter of an hour. The rules are aws-iam-authenticator's (`pkg/token/token.go`).
 */
import { unauthorized } from '#machinery/status.ts';

export const TOKEN_PREFIX = 'k8s-aws-v1.';
export const CLUSTER_HEADER = 'x-k8s-aws-id';
const MAX_LENGTH = 4096;
/** Seconds: the longest validity that a token may claim, and the oldest that it may be. */
const MAX_EXPIRES = 900;
const MAX_AGE_MS = 15 * 60_000;
/** Clocks differ. */
const SKEW_MS = 60_000;
const ALLOWED: ReadonlySet<string> = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
/** Regional and legacy hosts of the commercial, Chinese and government partitions, dual-stack ones too. */
const HOST = /^(?:sts(?:-fips)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?|sts\.[a-z]{2}(?:-[a-z]+)+-\d\.api\.(?:aws|amazonwebservices\.com\.cn))$/;

export interface CheckedUrl {
  readonly url: URL;
  /** Milliseconds since the epoch after which STS refuses it. */
  readonly until: number;
}

/** The time of `X-Amz-Date`, such as 20261124T180000Z. */
function timeOf(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

const refuse = (why: string): never => {
  throw unauthorized(`the AWS token is not valid: ${why}`);
};

/**
 * What the token asks, once all that can be known without asking was checked; the question may then be put.
 * @throws ApiError 401
 */
export function checkToken(token: string, now: number): CheckedUrl {
  if (token.length > MAX_LENGTH) refuse('it is too long');
  if (!token.startsWith(TOKEN_PREFIX)) refuse('it has another form');
  const encoded = token.slice(TOKEN_PREFIX.length);
  if (!/^[\w-]+$/.test(encoded)) refuse('it is not base64url');
  let url: URL;
  try {
    url = new URL(Buffer.from(encoded, 'base64url').toString());
  } catch {
    return refuse('it holds no URL');
  }
  if (url.protocol !== 'https:') refuse('its scheme is not https');
  if (url.port !== '' || url.username !== '' || url.password !== '' || url.hash !== '' || !HOST.test(url.hostname)) refuse('its host is not STS');
  if (url.pathname !== '/') refuse('its path is not /');
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const lower = name.toLowerCase();
    if (parameters.has(lower)) refuse(`the parameter ${lower} comes twice`);
    if (!ALLOWED.has(lower)) refuse('it holds a parameter that does not belong to it');
    parameters.set(lower, value);
  }
  if (parameters.get('action') !== 'GetCallerIdentity') refuse('it asks something else than who the caller is');
  if (!(parameters.get('x-amz-signedheaders') ?? '').split(';').some((name) => name.toLowerCase() === CLUSTER_HEADER)) refuse('the name of the cluster is not signed');
  const expires = Number(parameters.get('x-amz-expires'));
  if (!Number.isInteger(expires) || expires < 0 || expires > MAX_EXPIRES) refuse('its validity is out of range');
  const date = timeOf(parameters.get('x-amz-date') ?? '');
  if (date === undefined) return refuse('it has no date');
  if (date + MAX_AGE_MS < now || date - SKEW_MS > now) refuse('it is over');
  return { url, until: date + MAX_AGE_MS };
}
