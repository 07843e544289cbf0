/** What a user sees when AWS refuses: from the api function a Status, from the commands one line that says what to do. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { dynamoClusters } from '#cloud/aws/clusters.ts';
import { createResponder } from '#functions/api/respond.ts';
import { apiClusters } from '#functions/shared/api-clusters.ts';
import { repositoryRoot, run, type Ran } from '#infra/tools/tools.ts';
import { systemIds as ids } from '#machinery/system.ts';
import { Calls } from '#store/dynamodb/calls.ts';
import { createDynamoClient } from '#store/dynamodb/client.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { type RefusingService, type Refusal, refusingService } from './aws-service.ts';

let service: RefusingService | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

/** Waits between tries are not waited for. */
const clock = {
  now: () => Date.now(),
  after: (_: number, callback: () => void) => {
    const timer = setTimeout(callback, 0);
    return () => clearTimeout(timer);
  },
};
const credentials = { accessKeyId: 'AKIA', secretAccessKey: 's' };

interface Answered {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfter: string | undefined;
}

/** A request to an api function whose table answers so. */
async function asked(endpoint: string): Promise<Answered> {
  const client = createDynamoClient({ endpoint, region: 'us-east-1', credentials });
  const table = 'demo-state';
  const clusters = dynamoClusters(new Calls(client, table, clock, Math.random, 2_000));
  const openStore = async (cluster: string) => openDynamoStore({ client, table, cluster, clock, random: Math.random, timers: false });
  const installation = { clusters, openStore, clock, ids, random: Math.random, log: () => undefined };
  const cluster = apiClusters({ installation, ask: () => Promise.reject(new Error('not asked')) });
  const respond = createResponder({ cluster, defaultCluster: 'demo', log: () => undefined });
  const answer = await respond({ method: 'GET', path: '/api/v1/pods', query: '', headers: {}, body: undefined }, new AbortController().signal, 'request-1');
  client.destroy();
  const { kind, code, reason, message } = JSON.parse(String(answer.body)) as Answered & { readonly kind: string };
  expect(kind).toBe('Status');
  expect(code).toBe(answer.status);
  // never a stack trace
  expect(message).not.toMatch(/\n|node:|\.ts:/);
  return { code, reason, message, retryAfter: answer.headers['retry-after'] as string | undefined };
}

describe('the api function answers with a Status where its table', () => {
  const refusal =
    (status: number, type: string, message: string): (() => Refusal) =>
    () => ({ status, type, message });

  test('throttles: tried again a bounded number of times, then 429 with Retry-After', async () => {
    service = await refusingService(refusal(400, 'ProvisionedThroughputExceededException', 'Throughput exceeds the current capacity of your table.'));
    expect(await asked(service.url)).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      retryAfter: '1',
      message: expect.stringContaining('table demo-state is throttled') as string,
    });
    expect(service.asked()).toBeGreaterThan(3);
    expect(service.asked()).toBeLessThanOrEqual(10);
  });

  test.each([
    ['is not there', 'ResourceNotFoundException', 'Requested resource not found', 'there is no table demo-state in this account and region: was the stack deployed wholly'],
    [
      'may not be read',
      'AccessDeniedException',
      'User: x is not authorized to perform: dynamodb:GetItem',
      'access to table demo-state is denied: the role or user lacks a permission',
    ],
    ['does not take the credentials any more', 'ExpiredTokenException', 'The security token included in the request is expired', 'the AWS credentials are over'],
    ['does not know the credentials', 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'AWS does not know these credentials'],
    ['is over a quota', 'LimitExceededException', 'Subscriber limit exceeded', 'a quota of the account is used up for table demo-state'],
  ])('%s', async (_, type, words, message) => {
    service = await refusingService(refusal(400, type, words));
    expect(await asked(service.url)).toMatchObject({ code: 500, reason: 'InternalError', retryAfter: undefined, message: expect.stringContaining(message) as string });
    // waiting does not help
    expect(service.asked()).toBe(1);
  });

  test('was written by a newer version', async () => {
    service = await refusingService(() => JSON.stringify({ Item: { pk: { S: '/clusters' }, sk: { S: 'demo' }, format: { N: '9' }, record: { S: '{}' } } }));
    expect((await asked(service.url)).message).toContain('cluster "demo" is kept in format 9, and this code knows 1: deploy the functions anew');
  });

  test('is nowhere: 503, and where to look', async () => {
    expect(await asked('http://127.0.0.1:9')).toMatchObject({ code: 503, retryAfter: '1', message: expect.stringContaining('does not answer: is the region right') as string });
  });
});

const command = (file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> =>
  run(process.execPath, [join(repositoryRoot, file), ...args], {
    limitMs: 60_000,
    env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent', AWS_CONFIG_FILE: '/nonexistent', AWS_PROFILE: '', AWS_MAX_ATTEMPTS: '1', ...env },
  });
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' };
const deploy = (env: NodeJS.ProcessEnv): Promise<Ran> => command('infra/aws/cdk.ts', ['deploy', '-c', 'name=demo'], env);
const WHO =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn><UserId>U</UserId><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
const stack = (status: string, reason: string): string =>
  `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>${status}</StackStatus><StackStatusReason>${reason}</StackStatusReason></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;

describe('npm run deploy says in one line', () => {
  const says = (ran: Ran, words: string): void => {
    expect(ran.code).toBe(1);
    expect(ran.stderr.trim().split('\n').at(-1)).toContain(`paperplane: ${words}`);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  };

  test('that no region is set', async () => says(await deploy({ ...KEYS, AWS_REGION: '', AWS_DEFAULT_REGION: '' }), 'no region is set: export AWS_REGION=us-east-1'));
  test('that there are no credentials', async () => says(await deploy({ ...KEYS, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }), 'no AWS credentials were found'));
  test('that nobody answers in that region', async () =>
    says(await deploy({ ...KEYS, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }), 'STS in eu-west-1 does not answer: is the region right'));

  test.each([
    ['ExpiredToken', 403, 'The security token is expired', 'the AWS credentials are over: log in again'],
    ['InvalidClientTokenId', 403, 'The security token is invalid', 'AWS does not know these credentials'],
    ['AccessDenied', 403, 'not authorized to perform sts:GetCallerIdentity', 'access to STS in eu-west-1 is denied'],
  ])('what %s means', async (type, status, message, words) => {
    service = await refusingService(() => ({ status, type, message }));
    says(await deploy({ ...KEYS, AWS_ENDPOINT_URL: service.url }), words);
  });

  test.each([
    ['UPDATE_ROLLBACK_FAILED', 'the stack demo is half-way: an update failed and could not be taken back (a queue is missing)'],
    ['ROLLBACK_FAILED', 'the stack demo is half-way: ROLLBACK_FAILED (a queue is missing). Run npm run destroy, and this again'],
    ['UPDATE_IN_PROGRESS', 'the stack demo is being changed by somebody else (UPDATE_IN_PROGRESS): wait'],
  ])('what to do about a stack in %s', async (status, words) => {
    service = await refusingService((action) => (action === 'DescribeStacks' ? stack(status, 'a queue is missing') : WHO));
    says(await deploy({ ...KEYS, AWS_ENDPOINT_URL: service.url }), words);
  });

  test('that CloudFormation may not be asked', async () => {
    service = await refusingService((action) => (action === 'DescribeStacks' ? { status: 403, type: 'AccessDenied', message: 'no cloudformation:DescribeStacks' } : WHO));
    says(await deploy({ ...KEYS, AWS_ENDPOINT_URL: service.url }), 'access to CloudFormation in eu-west-1 is denied');
  });
});

describe('paperplane create cluster says in one line', () => {
  const create = (env: NodeJS.ProcessEnv, ...more: readonly string[]): Promise<Ran> => command('cli/main.ts', ['create', 'cluster', 'demo', ...more], env);
  const says = (ran: Ran, words: string): void => {
    expect(ran.code).toBe(1);
    expect(ran.stderr.trim()).toContain(`paperplane: ${words}`);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  };
  const API = ['--api', 'http://127.0.0.1:9/k/'];

  test('which installation is missing', async () => says(await create(KEYS), 'which installation? Give --api'));
  test('that no region is known', async () => says(await create({ ...KEYS, AWS_REGION: '', AWS_DEFAULT_REGION: '' }, ...API), 'no region is known'));
  test('that there are no credentials', async () => says(await create({ ...KEYS, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }, ...API), 'no AWS credentials were found'));
  test('that nobody answers there', async () =>
    says(await create(KEYS, ...API), 'http://127.0.0.1:9/k/installation/clusters does not answer: are the address and the region right'));
});
