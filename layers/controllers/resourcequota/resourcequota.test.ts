import { afterEach, expect, test } from 'vitest';
import { pod, service } from '#control/testing/objects.ts';
import { createWorld, SMALL_REGISTRY, type World } from '#control/testing/world.ts';
import type { ResourceQuota } from '#kinds/generated/types.ts';
import { resourceQuotaController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

test('counts what is there, and notices what goes', async () => {
  const hard = { pods: '5', 'requests.cpu': '2', services: '3', 'count/configmaps': '4', 'count/deployments.apps': '1' };
  world = await createWorld({
    controllers: [resourceQuotaController()],
    registry: SMALL_REGISTRY,
    objects: [
      ['pods', pod('a', { cpu: '500m' })],
      ['pods', pod('b', { cpu: '1', status: { phase: 'Succeeded' } })],
      ['services', service('s')],
      ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default' } }],
      ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'elsewhere' } }],
      ['resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' }, spec: { hard } }],
    ],
  });
  const status = async () => (await world.client.get<ResourceQuota>('resourcequotas', 'default', 'q')).status;
  expect(await status()).toEqual({ hard, used: { pods: '1', 'requests.cpu': '500m', services: '1', 'count/configmaps': '1', 'count/deployments.apps': '0' } });
  await world.client.delete('pods', 'default', 'a');
  await world.clock.advance(300);
  expect((await status())!.used).toMatchObject({ pods: '0', 'requests.cpu': '0' });
  await world.client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm2', namespace: 'default' } });
  await world.settle();
  expect((await status())!.used).toMatchObject({ 'count/configmaps': '2' });
});

test('what admission charged a moment ago is not taken back before its object is there', async () => {
  const quota: ResourceQuota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '5' } } };
  world = await createWorld({ controllers: [resourceQuotaController()], registry: SMALL_REGISTRY, objects: [['resourcequotas', quota]] });
  const charge = { hard: { pods: '5' }, used: { pods: '1' } };
  await world.client.patch('resourcequotas', 'default', 'q', { type: 'merge', body: { status: charge } }, 'status');
  await world.clock.advance(100);
  const get = () => world.client.get<ResourceQuota>('resourcequotas', 'default', 'q');
  expect((await get()).status?.used).toEqual({ pods: '1' });
  await world.client.create('pods', pod('a'));
  await world.clock.advance(1000);
  expect((await get()).status?.used).toEqual({ pods: '1' });
});
