import { afterEach, describe, expect, test } from 'vitest';
import { namespace, node, pod } from '#control/testing/objects.ts';
import { createWorld, SMALL_REGISTRY, type World, type WorldOptions } from '#control/testing/world.ts';
import type { ConfigMap, Namespace } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { rootCaPublisher } from '../root-ca-publisher/controller.ts';
import { serviceAccountController } from '../serviceaccount/controller.ts';
import { namespaceController } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});
const start = async (objects: WorldOptions['objects'] = []): Promise<void> => {
  const controllers = [namespaceController({ registry: SMALL_REGISTRY }), serviceAccountController(), rootCaPublisher({ caBundle: 'PEM' })];
  world = await createWorld({ controllers, registry: SMALL_REGISTRY, objects: [['namespaces', namespace()], ...objects] });
};
const gone = (resource: string, ns: string, name: string): Promise<boolean> =>
  world.client.get(resource, ns, name).then(
    () => false,
    (error: unknown) => isNotFound(error),
  );
const map = (name: string, ns: string): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ns } });

describe('a new namespace', () => {
  test('has its service account and the CA, and gets them back', async () => {
    await start();
    await world.client.create('namespaces', namespace('team'));
    await world.settle();
    expect(await world.client.get('configmaps', 'team', 'kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'PEM' } });
    await world.client.delete('serviceaccounts', 'team', 'default');
    await world.client.patch('configmaps', 'team', 'kube-root-ca.crt', { type: 'merge', body: { data: { 'ca.crt': 'forged' } } });
    await world.settle();
    expect(await gone('serviceaccounts', 'team', 'default')).toBe(false);
    expect(await world.client.get('configmaps', 'team', 'kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'PEM' } });
  });
});

describe('a namespace that is deleted', () => {
  test('takes its content with it, at once', async () => {
    await start([
      ['namespaces', namespace('team')],
      ['configmaps', map('m', 'team')],
      ['pods', pod('p', { namespace: 'team' })],
      ['configmaps', map('m', 'default')],
    ]);
    await world.client.delete('namespaces', '', 'team');
    await world.settle();
    expect(await gone('namespaces', '', 'team')).toBe(true);
    expect(await gone('configmaps', 'team', 'm')).toBe(true);
    expect(await gone('configmaps', 'default', 'm')).toBe(false);
  });

  test('waits for its pods before anything else goes, and says what for', async () => {
    const held = pod('p', { namespace: 'team' });
    held.metadata.finalizers = ['example.com/hold'];
    await start([
      ['namespaces', namespace('team')],
      ['configmaps', map('m', 'team')],
      ['pods', held],
    ]);
    await world.client.delete('namespaces', '', 'team');
    await world.settle();
    const { status } = await world.client.get<Namespace>('namespaces', '', 'team');
    expect(status?.phase).toBe('Terminating');
    expect(Object.fromEntries((status?.conditions ?? []).map(({ type, status: value, message }) => [type, `${value} ${message}`]))).toMatchObject({
      NamespaceContentRemaining: 'True Some resources are remaining: pods. has 1 resource instances',
      NamespaceFinalizersRemaining: 'True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      NamespaceDeletionContentFailure: 'False All content successfully deleted, may be waiting on finalization',
    });
    expect((await world.client.get('configmaps', 'team', 'm')).metadata.deletionTimestamp).toBeUndefined();
    await world.client.patch('pods', 'team', 'p', { type: 'merge', body: { metadata: { finalizers: null } } });
    await world.settle();
    expect(await gone('namespaces', '', 'team')).toBe(true);
  });

  test('goes on when a pod ends its grace', async () => {
    await start([
      ['nodes', node('n1')],
      ['namespaces', namespace('team')],
      ['pods', pod('p', { namespace: 'team', spec: { nodeName: 'n1' } })],
    ]);
    await world.client.delete('namespaces', '', 'team');
    await world.settle();
    expect(await gone('namespaces', '', 'team')).toBe(false);
    await world.client.delete('pods', 'team', 'p', { gracePeriodSeconds: 0 });
    await world.settle();
    expect(await gone('namespaces', '', 'team')).toBe(true);
  });
});
