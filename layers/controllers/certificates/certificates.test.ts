import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VirtualHandler } from '#apiserver/virtual/port.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '#kinds/generated/types.ts';
import { CERTIFICATE, CLIENT_REQUEST, NODE_CLIENT_REQUEST, NODE_SERVING_REQUEST } from '#kinds/testing/certificates.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { csrApprover } from './approver.ts';
import { csrCleaner } from './cleaner.ts';
import { REQUESTS } from './conditions.ts';
import { type CertificateOrder, csrSigner } from './signer.ts';

let world: ApiWorld;
let orders: CertificateOrder[];
let allowed: string;
const reviews: VirtualHandler = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  subresource: '',
  namespaced: false,
  body: { group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview' },
  create: async ({ object }) => {
    const review = object as SubjectAccessReview;
    return { object: { ...review, status: { allowed: review.spec.resourceAttributes?.subresource === allowed } } };
  },
};

beforeEach(async () => {
  orders = [];
  allowed = 'nodeclient';
  const authority = { issue: async (order: CertificateOrder) => (orders.push(order), Buffer.from(CERTIFICATE, 'base64').toString()) };
  world = await createApiWorld([csrApprover(), csrSigner(authority), csrCleaner()], { virtuals: [reviews] });
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function ask(spec: Partial<CertificateSigningRequest['spec']>, name = 'one'): Promise<void> {
  await world.client.create<CertificateSigningRequest>(REQUESTS, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request: CLIENT_REQUEST, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec },
  });
  await world.settle();
}
const status = async (name = 'one'): Promise<CertificateSigningRequest['status']> => (await world.get<CertificateSigningRequest>(REQUESTS, name, '')).status;
async function decide(type: 'Approved' | 'Denied', name = 'one'): Promise<void> {
  const request = await world.get<CertificateSigningRequest>(REQUESTS, name, '');
  await world.client.update<CertificateSigningRequest>(REQUESTS, { ...request, status: { conditions: [{ type, status: 'True' }] } }, 'approval');
  await world.settle();
}
const node = { request: NODE_CLIENT_REQUEST, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] };

describe('certificate signing requests', () => {
  test('are signed when somebody approved them, for as long as they ask', async () => {
    await ask({ expirationSeconds: 3600 });
    expect(await status()).toEqual({});
    await decide('Approved');
    expect(await status()).toMatchObject({ conditions: [{ type: 'Approved' }], certificate: CERTIFICATE });
    const now = world.clock.now();
    expect(orders).toEqual([{ request: expect.objectContaining({ commonName: 'jane' }) as unknown, usages: ['client auth'], notBefore: now - 300_000, notAfter: now + 3_600_000 }]);
  });

  test('are not signed when denied, of an unknown signer, or for what the signer does not sign', async () => {
    await ask({}, 'denied');
    await decide('Denied', 'denied');
    await ask({ signerName: 'example.com/mine' }, 'other');
    await decide('Approved', 'other');
    await ask({ usages: ['server auth'] }, 'wrong');
    await decide('Approved', 'wrong');
    await ask({ request: CLIENT_REQUEST, signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] }, 'serving');
    await decide('Approved', 'serving');
    expect(orders).toEqual([]);
    expect((await status('wrong'))?.conditions).toMatchObject([
      { type: 'Approved' },
      { type: 'Failed', reason: 'SignerValidationFailure', message: 'invalid usage for client certificate: server auth' },
    ]);
    expect((await status('serving'))?.conditions?.[1]?.message).toBe('subject organization is not system:nodes');
  });

  test('of nodes for their client certificates are approved where they may have them', async () => {
    await ask(node);
    expect(await status()).toMatchObject({
      conditions: [{ type: 'Approved', reason: 'AutoApproved', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' }],
      certificate: CERTIFICATE,
    });
    allowed = 'none';
    await ask(node, 'two');
    expect(await status('two')).toEqual({});
    await ask({ ...node, request: NODE_SERVING_REQUEST, signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] }, 'serving');
    expect(await status('serving')).toEqual({});
    await decide('Approved', 'serving');
    expect(orders.at(-1)!.request).toMatchObject({ dnsNames: ['n1'], ipAddresses: ['10.0.0.1'] });
  });

  test('go when they are of no more use', async () => {
    await ask({}, 'issued');
    await decide('Approved', 'issued');
    await ask({}, 'pending');
    const names = async (): Promise<(string | undefined)[]> => (await world.all(REQUESTS)).map(({ metadata }) => metadata.name);
    await world.pass(3_590_000);
    expect(await names()).toEqual(['issued', 'pending']);
    await world.pass(20_000);
    expect(await names()).toEqual(['pending']);
    await world.pass(23 * 3_600_000);
    expect(await names()).toEqual([]);
  });
});
