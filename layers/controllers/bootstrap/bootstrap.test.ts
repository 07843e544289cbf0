import { afterEach, expect, test } from 'vitest';
import { createWorld, type World } from '#control/testing/world.ts';
import { bootstrap, bootstrapController } from './controller.ts';
import { firstAddress } from './objects.ts';

const options = { apiAddress: '192.0.2.10', apiPort: 6443, serviceCidr: '10.96.0.0/12', clientCa: 'PEM' };
let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

test('a cluster begins with its own objects, twice is as good as once, and they come back', async () => {
  world = await createWorld({ controllers: [bootstrapController(options)] });
  await bootstrap(options, world.client);
  await bootstrap(options, world.client);
  expect((await world.all('namespaces')).map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
  expect(await world.client.get('services', 'default', 'kubernetes')).toMatchObject({ spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] } });
  expect(await world.client.get('endpoints', 'default', 'kubernetes')).toMatchObject({ subsets: [{ addresses: [{ ip: '192.0.2.10' }], ports: [{ name: 'https', port: 6443 }] }] });
  expect((await world.all('flowschemas.flowcontrol.apiserver.k8s.io')).length).toBeGreaterThan(8);
  await world.client.delete('services', 'default', 'kubernetes');
  await world.client.patch('endpoints', 'default', 'kubernetes', { type: 'merge', body: { subsets: [] } });
  await world.settle();
  expect(await world.client.get('services', 'default', 'kubernetes')).toMatchObject({ spec: { clusterIP: '10.96.0.1' } });
  expect(await world.client.get('endpoints', 'default', 'kubernetes')).toMatchObject({ subsets: [{ addresses: [{ ip: '192.0.2.10' }] }] });
});

test('a new address of the API is published', async () => {
  world = await createWorld({ controllers: [bootstrapController({ ...options, apiAddress: '192.0.2.99' })] });
  await bootstrap(options, world.client);
  await world.settle();
  expect(await world.client.get('endpoints', 'default', 'kubernetes')).toMatchObject({ subsets: [{ addresses: [{ ip: '192.0.2.99' }] }] });
});

test('the first address of a range', () => {
  expect(['10.96.0.0/12', '192.168.255.0/24', 'fd00::/108'].map(firstAddress)).toEqual(['10.96.0.1', '192.168.255.1', 'fd00::1']);
});
