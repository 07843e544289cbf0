import { afterEach, describe, expect, test } from 'vitest';
import { node, pod, running, service } from '#control/testing/objects.ts';
import { createWorld, type World, type WorldOptions } from '#control/testing/world.ts';
import type { Endpoints, EndpointSlice } from '#kinds/generated/types.ts';
import { endpointSliceController, SLICES } from '../endpointslice/controller.ts';
import { endpointSliceMirroringController } from '../endpointslice-mirroring/controller.ts';
import { endpointsController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});
const start = async (objects: WorldOptions['objects'] = []): Promise<void> => {
  world = await createWorld({ controllers: [endpointsController(), endpointSliceController(), endpointSliceMirroringController()], objects });
};
const endpoints = (name: string): Promise<Endpoints> => world.client.get('endpoints', 'default', name);
const slices = () => world.all<EndpointSlice>(SLICES);
const web = (name: string, ip: string, ready = true) => pod(name, { labels: { app: 'web' }, spec: { nodeName: 'n1' }, status: running(ip, ready) });

describe('endpoints of a service', () => {
  test('ready pods are addresses, others not ready; both APIs agree', async () => {
    await start([
      ['nodes', node('n1', { labels: { 'topology.kubernetes.io/zone': 'a' } })],
      ['services', service('web')],
      ['pods', web('p1', '10.1.0.1')],
      ['pods', web('p2', '10.1.0.2', false)],
    ]);
    expect((await endpoints('web')).subsets).toMatchObject([
      {
        addresses: [{ ip: '10.1.0.1', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'p1' } }],
        notReadyAddresses: [{ ip: '10.1.0.2' }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ]);
    const [slice] = await slices();
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      metadata: {
        labels: { 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
      },
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.1.0.1'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'n1', zone: 'a' },
        { addresses: ['10.1.0.2'], conditions: { ready: false, serving: false, terminating: false } },
      ],
    });
  });

  test('follow pods that become ready, leave and go', async () => {
    await start([
      ['services', service('web')],
      ['pods', web('p1', '10.1.0.1', false)],
    ]);
    await world.client.patch('pods', 'default', 'p1', { type: 'merge', body: { status: running('10.1.0.1') } }, 'status');
    await world.settle();
    expect((await endpoints('web')).subsets![0]!.addresses).toHaveLength(1);
    await world.client.delete('pods', 'default', 'p1');
    await world.settle();
    expect((await endpoints('web')).subsets).toBeUndefined();
    expect((await slices())[0]!.endpoints).toMatchObject([{ conditions: { ready: false, serving: true, terminating: true } }]);
    await world.client.delete('pods', 'default', 'p1', { gracePeriodSeconds: 0 });
    await world.settle();
    expect((await slices())[0]!.endpoints).toEqual([]);
  });

  test('named target ports are found per pod, and pods without them are left out', async () => {
    const named = web('p1', '10.1.0.1');
    named.spec!.containers[0]!.ports = [{ name: 'http', containerPort: 9090 }];
    await start([
      ['services', service('web', { ports: [{ name: 'a', port: 80, targetPort: 'http', protocol: 'TCP' }] })],
      ['pods', named],
      ['pods', web('p2', '10.1.0.2')],
    ]);
    expect((await endpoints('web')).subsets).toMatchObject([{ addresses: [{ ip: '10.1.0.1' }], ports: [{ name: 'a', port: 9090 }] }]);
  });

  test('publishNotReadyAddresses and headless services with hostnames', async () => {
    const named = web('p1', '10.1.0.1', false);
    Object.assign(named.spec!, { hostname: 'one', subdomain: 'web' });
    await start([
      ['services', service('web', { clusterIP: 'None', publishNotReadyAddresses: true, ports: [] })],
      ['pods', named],
    ]);
    const found = await endpoints('web');
    expect(found.subsets).toMatchObject([{ addresses: [{ ip: '10.1.0.1', hostname: 'one' }] }]);
    expect(found.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
    expect((await slices())[0]!.endpoints).toMatchObject([{ hostname: 'one', conditions: { ready: true, serving: false } }]);
  });

  test('slices hold 100 each, and a change writes one of them', async () => {
    await start([['services', service('web')], ...Array.from({ length: 250 }, (_, i) => ['pods', web(`p${i}`, `10.1.${Math.floor(i / 250)}.${i}`)] as const)]);
    const before = await slices();
    expect(before.map((slice) => slice.endpoints!.length).sort()).toEqual([100, 100, 50]);
    await world.client.delete('pods', 'default', 'p7', { gracePeriodSeconds: 0 });
    await world.settle();
    const after = await slices();
    const changed = after.filter((slice) => slice.metadata.resourceVersion !== before.find(({ metadata }) => metadata.name === slice.metadata.name)?.metadata.resourceVersion);
    expect(changed).toHaveLength(1);
    expect(after.flatMap((slice) => slice.endpoints!)).toHaveLength(249);
  });

  test('go with the service', async () => {
    await start([
      ['services', service('web')],
      ['pods', web('p1', '10.1.0.1')],
    ]);
    await world.client.delete('services', 'default', 'web');
    await world.settle();
    expect(await world.all('endpoints')).toEqual([]);
  });

  test('hand-made endpoints of a service without a selector are mirrored, changed and removed', async () => {
    const bare = service('db');
    delete bare.spec!.selector;
    const manual: Endpoints = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'db', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }],
    };
    await start([
      ['services', bare],
      ['endpoints', manual],
    ]);
    expect(await slices()).toMatchObject([
      {
        metadata: { labels: { 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' } },
        endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
        ports: [{ name: 'sql', port: 5432 }],
      },
    ]);
    await world.client.patch('endpoints', 'default', 'db', {
      type: 'merge',
      body: { subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }] },
    });
    await world.settle();
    expect((await slices()).flatMap((slice) => slice.endpoints!.map(({ addresses }) => addresses[0]))).toEqual(['192.0.2.9']);
    await world.client.delete('endpoints', 'default', 'db');
    await world.settle();
    expect(await slices()).toEqual([]);
  });
});
