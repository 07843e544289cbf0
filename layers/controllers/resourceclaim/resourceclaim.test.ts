import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod, ResourceV1ResourceClaim as Claim } from '#kinds/generated/types.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { RESOURCE_CLAIMS, resourceClaimController } from './controller.ts';

const API = 'resource.k8s.io/v1';
const DEVICES = { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 } }] };
const ALLOCATION = { devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }] } };

let world: ApiWorld;
beforeEach(async () => {
  world = await createApiWorld([resourceClaimController()]);
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function template(): Promise<void> {
  await world.client.create('resourceclaimtemplates.resource.k8s.io', {
    apiVersion: API,
    kind: 'ResourceClaimTemplate',
    metadata: { name: 'gpus', namespace: 'default' },
    spec: { metadata: { labels: { from: 'template' } }, spec: { devices: DEVICES } },
  } as never);
}
async function pod(nodeName?: string, claim: object = { name: 'gpu', resourceClaimTemplateName: 'gpus' }): Promise<void> {
  await world.client.create<Pod>('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...(nodeName === undefined ? {} : { nodeName }), resourceClaims: [claim], containers: [{ name: 'c', image: 'nginx', resources: { claims: [{ name: 'gpu' }] } }] },
  } as never);
  await world.settle();
}
const claims = (): Promise<readonly Claim[]> => world.all<Claim>(RESOURCE_CLAIMS);
async function allocate(name: string, reservedFor: readonly object[]): Promise<void> {
  await world.client.patch(RESOURCE_CLAIMS, 'default', name, { type: 'merge', body: { metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] } } });
  await world.client.patch(
    RESOURCE_CLAIMS,
    'default',
    name,
    { type: 'merge', body: { status: { allocation: ALLOCATION, ...(reservedFor.length === 0 ? {} : { reservedFor }) } } },
    'status',
  );
  await world.settle();
}

test('a pod with a template gets a claim of its own, and is told its name', async () => {
  await template();
  await pod();
  const [claim] = await claims();
  const { metadata, status } = await world.get<Pod>('pods', 'web');
  expect(claim!.metadata.name).toMatch(/^web-gpu-.{5}$/);
  expect(claim!.metadata).toMatchObject({
    labels: { from: 'template' },
    annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: metadata.uid, controller: true, blockOwnerDeletion: true }],
  });
  expect(claim!.spec).toMatchObject({ devices: DEVICES });
  expect(status!.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: claim!.metadata.name }]);
});

test('a claim that was deleted is made again, and the pod is told', async () => {
  await template();
  await pod();
  const [first] = await claims();
  await world.client.delete(RESOURCE_CLAIMS, 'default', first!.metadata.name!);
  await world.settle();
  const [second] = await claims();
  expect(second!.metadata.uid).not.toBe(first!.metadata.uid);
  expect((await world.get<Pod>('pods', 'web')).status!.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: second!.metadata.name }]);
});

test('a pod that ends frees its claim, which is deallocated and goes', async () => {
  await template();
  await pod('node-1');
  const [claim] = await claims();
  await allocate(claim!.metadata.name!, []);
  await world.client.patch('pods', 'default', 'web', { type: 'merge', body: { metadata: { labels: { look: 'again' } } } });
  await world.settle();
  // it has a node: what it uses is reserved for it
  expect((await claims())[0]!.status!.reservedFor).toEqual([{ resource: 'pods', name: 'web', uid: (await world.get<Pod>('pods', 'web')).metadata.uid }]);
  await world.status('pods', 'web', { phase: 'Succeeded' });
  await world.settle();
  expect(await claims()).toEqual([]);
});

test('a claim that many use loses only those that are gone; one of its own name stays when nobody uses it', async () => {
  await world.client.create(RESOURCE_CLAIMS, { apiVersion: API, kind: 'ResourceClaim', metadata: { name: 'shared', namespace: 'default' }, spec: { devices: DEVICES } } as never);
  await pod('node-1', { name: 'gpu', resourceClaimName: 'shared' });
  const { uid } = (await world.get<Pod>('pods', 'web')).metadata;
  const other = { apiGroup: 'example.com', resource: 'things', name: 'thing', uid: 'u-1' };
  await allocate('shared', [{ resource: 'pods', name: 'web', uid }, { resource: 'pods', name: 'gone', uid: 'u-2' }, other]);
  expect((await claims())[0]!.status!.reservedFor).toEqual([{ resource: 'pods', name: 'web', uid }, other]);
  await world.client.patch(RESOURCE_CLAIMS, 'default', 'shared', { type: 'merge', body: { status: { reservedFor: [{ resource: 'pods', name: 'web', uid }] } } }, 'status');
  await world.status('pods', 'web', { phase: 'Failed' });
  await world.settle();
  const [claim] = await claims();
  expect([claim!.metadata.finalizers, claim!.status]).toEqual([undefined, {}]);
});
