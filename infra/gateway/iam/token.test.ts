import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCallers, awsTokens } from '#apiserver/authn/aws/authenticator.ts';
import { type AwsAccess, canonicalArn } from '#apiserver/authn/aws/mapping.ts';
import { askSts } from '#apiserver/authn/aws/sts.ts';
import { TOKEN_PREFIX } from '#apiserver/authn/aws/token.ts';
import type { User } from '#apiserver/authn/port.ts';
import type { ApiRequest } from '#apiserver/door.ts';
import { type AwsCredentials, execCredential, presignToken } from '../../../cli/token/presign.ts';
import type { Principal } from './sigv4.ts';
import { openSts, type StsStub } from './sts.ts';

const role: Principal = {
  secretAccessKey: 'secret',
  sessionToken: 'session+token/=',
  arn: 'arn:aws:sts::111122223333:assumed-role/deployers/alice@example.com',
  account: '111122223333',
  userId: 'AROAX:alice@example.com',
};
const user: Principal = { secretAccessKey: 'other', arn: 'arn:aws:iam::111122223333:user/bob', account: '111122223333', userId: 'AIDAY' };
const credentials: AwsCredentials = { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'session+token/=' };
const access: AwsAccess[] = [
  { arn: 'arn:aws:iam::111122223333:role/teams/deployers', username: 'deployer:{{SessionName}}', groups: ['deployers'] },
  { arn: 'arn:aws:iam::111122223333:user/bob', username: 'bob', groups: ['system:masters'] },
];

let sts: StsStub;
let now = Date.now();
let asked = 0;
beforeAll(async () => {
  sts = await openSts(
    new Map([
      ['ASIAROLE', role],
      ['AKIAUSER', user],
    ]),
    { now: () => now },
  );
});
afterAll(() => sts.close());

const clock = { now: () => now, after: () => () => undefined };
const request = (token: string): ApiRequest => ({
  method: 'GET',
  path: '/',
  query: '',
  headers: { authorization: `Bearer ${token}` },
  body: undefined,
  signal: AbortSignal.abort(),
});
function authenticator(cluster = 'prod', entries: readonly AwsAccess[] = access) {
  const ask = askSts(sts.url);
  return awsTokens({
    cluster,
    clock,
    access: async () => entries,
    ask: (url, name) => {
      asked++;
      return ask(url, name);
    },
  });
}
const token = (cluster = 'prod', given: AwsCredentials = credentials): Promise<string> => presignToken({ credentials: given, region: 'eu-west-1', cluster, now: new Date(now) });
const login = async (text: string, cluster?: string, entries?: readonly AwsAccess[]): Promise<User | undefined> => authenticator(cluster, entries).authenticate(request(text));
/** The token with its URL changed. */
const changed = async (change: (url: string) => string): Promise<string> =>
  `${TOKEN_PREFIX}${Buffer.from(change(Buffer.from((await token()).slice(TOKEN_PREFIX.length), 'base64url').toString())).toString('base64url')}`;

describe('a login by AWS identity', () => {
  test('is who STS says, by the entry of the role without its path', async () => {
    expect(await login(await token())).toEqual({
      name: 'deployer:alice-example.com',
      uid: 'aws-iam-authenticator:111122223333:AROAX',
      groups: ['deployers', 'system:authenticated'],
      extra: { arn: [role.arn], canonicalArn: ['arn:aws:iam::111122223333:role/deployers'], sessionName: ['alice@example.com'], accountId: ['111122223333'] },
    });
    expect(await login(await token('prod', { accessKeyId: 'AKIAUSER', secretAccessKey: 'other' }))).toMatchObject({
      name: 'bob',
      groups: ['system:masters', 'system:authenticated'],
    });
  });

  test('is asked of STS once while the token lives', async () => {
    const one = authenticator();
    const text = await token();
    const before = asked;
    await one.authenticate(request(text));
    await one.authenticate(request(text));
    expect(asked - before).toBe(1);
  });

  test.each([
    ['for another cluster', async () => login(await token('dev'))],
    ['with a wrong secret', async () => login(await token('prod', { ...credentials, secretAccessKey: 'guessed' }))],
    ['of an unknown key', async () => login(await token('prod', { ...credentials, accessKeyId: 'AKIANOBODY' }))],
    ['that was changed', async () => login(await changed((url) => url.replace('Version=2011-06-15', 'Version=2011-06-16')))],
    ['of somebody without access', async () => login(await token(), 'prod', [])],
  ])('is refused %s', async (_, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ status: { code: 401 } });
  });

  test.each<[string, (url: string) => string]>([
    ['another host', (url) => url.replace('sts.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com.evil.example')],
    ['a host of another service', (url) => url.replace('sts.eu-west-1', 's3.eu-west-1')],
    ['http', (url) => url.replace('https:', 'http:')],
    ['a port', (url) => url.replace('amazonaws.com/', 'amazonaws.com:8443/')],
    ['a path', (url) => url.replace('amazonaws.com/', 'amazonaws.com/x')],
    ['another action', (url) => url.replace('GetCallerIdentity', 'AssumeRole')],
    ['a second action', (url) => `${url}&action=GetCallerIdentity`],
    ['a strange parameter', (url) => `${url}&RoleArn=x`],
    ['no signed cluster', (url) => url.replace('x-k8s-aws-id', 'x-other')],
    ['too long a validity', (url) => url.replace('X-Amz-Expires=60', 'X-Amz-Expires=9000')],
    ['no date', (url) => url.replace(/X-Amz-Date=\w+/, 'X-Amz-Date=yesterday')],
    ['user and password', (url) => url.replace('https://', 'https://a:b@')],
  ])('is refused without asking STS: %s', async (_, change) => {
    const before = asked;
    await expect(login(await changed(change))).rejects.toMatchObject({ status: { code: 401 } });
    expect(asked).toBe(before);
  });

  test('is good for a quarter of an hour, whatever its signature claims', async () => {
    const text = await token();
    now += 14 * 60_000;
    expect(await login(text)).toMatchObject({ groups: ['deployers', 'system:authenticated'] });
  });

  test('is refused when it is over', async () => {
    const old = await token();
    now += 16 * 60_000;
    await expect(login(old)).rejects.toMatchObject({ status: { code: 401 } });
  });

  test('does not concern other tokens', async () => {
    expect(await login('some.other.token')).toBeUndefined();
  });
});

test('what kubectl is told lives a minute less than the token', () => {
  const at = new Date('2026-11-24T18:00:00.123Z');
  expect(execCredential('t', at, '{"apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}')).toEqual({
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    spec: {},
    status: { expirationTimestamp: '2026-11-24T18:14:00Z', token: 't' },
  });
  expect(execCredential('t', at, undefined)).toMatchObject({ apiVersion: 'client.authentication.k8s.io/v1beta1' });
});

test('an instance of the node role is its node, and nobody else is', async () => {
  const callers = awsCallers({ nodeRole: 'paperplane-node', account: '1' });
  const by = (arn: string): Promise<User | undefined> => callers.authenticate({ ...request(''), awsCaller: { arn, account: '1', userId: '' } });
  expect(await by('arn:aws:sts::1:assumed-role/paperplane-node/i-0123456789abcdef0')).toEqual({
    name: 'system:node:i-0123456789abcdef0',
    groups: ['system:nodes', 'system:authenticated'],
  });
  for (const arn of [
    'arn:aws:sts::2:assumed-role/paperplane-node/i-0123456789abcdef0',
    'arn:aws:sts::1:assumed-role/other/i-0123456789abcdef0',
    'arn:aws:sts::1:assumed-role/paperplane-node/me@example.com',
    'arn:aws:iam::1:role/paperplane-node',
  ])
    expect(await by(arn)).toBeUndefined();
  expect(await callers.authenticate(request('x'))).toBeUndefined();
});

test('sessions of a role are the role', () => {
  expect(canonicalArn('arn:aws-cn:sts::1:assumed-role/r/s')).toBe('arn:aws-cn:iam::1:role/r');
  expect(canonicalArn('arn:aws:iam::1:user/u')).toBe('arn:aws:iam::1:user/u');
});
