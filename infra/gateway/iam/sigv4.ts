/** Checks AWS' signatures (version 4), in the query and in headers: what STS and IAM-authenticated function URLs do first. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Principal {
  readonly secretAccessKey: string;
  /** Sessions must show it. */
  readonly sessionToken?: string;
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}
/** By access key id. */
export type Principals = ReadonlyMap<string, Principal>;

export class BadSignature extends Error {
  readonly code = 'SignatureDoesNotMatch';
}

/** Requests signed in headers are good for this long. */
const MAX_SKEW_MS = 5 * 60_000;
const STS_VALID_MS = 15 * 60_000;
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function dateOf(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) throw new BadSignature('no date');
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

interface Signed {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly header: (name: string) => string;
  readonly credential: string;
  readonly date: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly payloadHash: string;
  readonly service: string;
  readonly sessionToken: string | undefined;
}

function check(principals: Principals, signed: Signed): Principal {
  const [accessKey = '', day = '', region = '', service = '', terminator = ''] = signed.credential.split('/');
  const principal = principals.get(accessKey);
  if (principal === undefined) throw new BadSignature('unknown access key');
  if (service !== signed.service || terminator !== 'aws4_request' || !signed.date.startsWith(day)) throw new BadSignature('wrong scope');
  if (principal.sessionToken !== undefined && principal.sessionToken !== signed.sessionToken) throw new BadSignature('wrong session token');
  const names = signed.signedHeaders.split(';');
  const query = signed.query
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  // every service but S3 escapes the path once more
  const path = signed.path.split('/').map(encode).join('/');
  const canonical = [
    signed.method,
    path,
    query,
    ...names.map((name) => `${name}:${signed.header(name).trim().replace(/ +/g, ' ')}`),
    '',
    signed.signedHeaders,
    signed.payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', signed.date, scope, sha256(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${principal.secretAccessKey}`, day), region), service), 'aws4_request');
  const expected = hmac(key, text);
  const given = Buffer.from(signed.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new BadSignature('the signature does not match');
  return principal;
}

const headerOf =
  (incoming: IncomingMessage) =>
  (name: string): string => {
    const value = incoming.headers[name];
    return value === undefined ? '' : Array.isArray(value) ? value.join(',') : value;
  };

const split = (url: string): { readonly path: string; readonly search: string } => {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, search: '' } : { path: url.slice(0, mark), search: url.slice(mark + 1) };
};

/** A presigned request. @throws BadSignature */
export function verifyQuery(principals: Principals, incoming: IncomingMessage, service: string, now: number): Principal {
  const { path, search } = split(incoming.url ?? '/');
  const parameters = new URLSearchParams(search);
  const get = (name: string): string => parameters.get(name) ?? '';
  const date = dateOf(get('X-Amz-Date'));
  // STS takes its questions for a quarter of an hour, whatever they claim
  const validMs = service === 'sts' ? STS_VALID_MS : Number(get('X-Amz-Expires')) * 1000;
  if (date + validMs < now) throw new BadSignature('expired');
  return check(principals, {
    method: incoming.method ?? 'GET',
    path,
    query: Array.from(parameters).filter(([name]) => name !== 'X-Amz-Signature'),
    header: headerOf(incoming),
    credential: get('X-Amz-Credential'),
    date: get('X-Amz-Date'),
    signedHeaders: get('X-Amz-SignedHeaders'),
    signature: get('X-Amz-Signature'),
    payloadHash: sha256(''),
    service,
    sessionToken: parameters.get('X-Amz-Security-Token') ?? undefined,
  });
}

/** A request signed in its Authorization header. @throws BadSignature */
export function verifyHeaders(principals: Principals, incoming: IncomingMessage, body: Uint8Array | undefined, service: string, now: number): Principal {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(incoming.headers.authorization ?? '');
  if (match === null) throw new BadSignature('not signed');
  const header = headerOf(incoming);
  const date = header('x-amz-date');
  if (Math.abs(dateOf(date) - now) > MAX_SKEW_MS) throw new BadSignature('expired');
  const { path, search } = split(incoming.url ?? '/');
  const claimed = header('x-amz-content-sha256');
  const actual = sha256(body ?? '');
  if (claimed !== '' && claimed !== actual && claimed !== 'UNSIGNED-PAYLOAD') throw new BadSignature('the body is another one');
  return check(principals, {
    method: incoming.method ?? 'GET',
    path,
    query: Array.from(new URLSearchParams(search)),
    header,
    credential: match[1]!,
    date,
    signedHeaders: match[2]!,
    signature: match[3]!,
    payloadHash: claimed === '' ? actual : claimed,
    service,
    sessionToken: incoming.headers['x-amz-security-token'] as string | undefined,
  });
}
