import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, SMALL_REGISTRY, type World } from '#control/testing/world.ts';
import type { KubeObject, OwnerReference } from '#machinery/object.ts';
import { garbageCollector } from './controller.ts';

let world: World;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});
const start = async (): Promise<void> => {
  world = await createWorld({ controllers: [garbageCollector({ registry: SMALL_REGISTRY })], registry: SMALL_REGISTRY });
};
const own = (owner: KubeObject, block = true): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name!,
  uid: owner.metadata.uid!,
  controller: false,
  blockOwnerDeletion: block,
});
const make = async (name: string, owners: readonly OwnerReference[] = [], extra: Partial<KubeObject['metadata']> = {}): Promise<KubeObject> => {
  const made = await world.client.create<KubeObject>('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...(owners.length === 0 ? {} : { ownerReferences: [...owners] }), ...extra },
  });
  await world.settle();
  return made;
};
const names = async (): Promise<string[]> => (await world.all('configmaps')).map(({ metadata }) => metadata.name!);
const remove = async (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> => {
  await world.client.delete('configmaps', 'default', name, { propagationPolicy });
  await world.settle();
};

describe('background', () => {
  test('dependents go after their owner, to the last generation', async () => {
    await start();
    const a = await make('a');
    const b = await make('b', [own(a)]);
    await make('c', [own(b)]);
    await make('free');
    await remove('a', 'Background');
    expect(await names()).toEqual(['free']);
  });

  test('an object with another owner stays, and forgets the one that is gone', async () => {
    await start();
    const [a, b] = [await make('a'), await make('b')];
    await make('c', [own(a), own(b)]);
    await remove('a', 'Background');
    expect(await names()).toEqual(['b', 'c']);
    expect((await world.client.get('configmaps', 'default', 'c')).metadata.ownerReferences).toMatchObject([{ name: 'b' }]);
  });

  test('an object made for an owner that is gone already, or that is another one by now, goes', async () => {
    await start();
    const a = await make('a');
    await make('late', [{ ...own(a), name: 'never', uid: 'no-such-uid' }]);
    await make('confused', [{ ...own(a), uid: 'another-uid' }]);
    expect(await names()).toEqual(['a']);
  });

  test('owners in another namespace do not exist', async () => {
    await start();
    const a = await make('a');
    await world.client.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'other', ownerReferences: [own(a)] } });
    await world.settle();
    expect(await names()).toEqual(['a']);
  });

  test('an owner of a resource that is not served is left alone', async () => {
    await start();
    await make('a', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' }]);
    expect(await names()).toEqual(['a']);
  });

  test('a cluster-scoped object cannot have a namespaced owner, and is told so', async () => {
    await start();
    const a = await make('a');
    await world.client.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', ownerReferences: [own(a)] } });
    await world.settle();
    await world.events.flush();
    expect(await world.all('nodes')).toHaveLength(1);
    expect(await world.all<KubeObject & { reason: string }>('events')).toMatchObject([{ reason: 'OwnerRefInvalidNamespace' }]);
  });
});

describe('foreground', () => {
  test('the owner goes after the dependents that block it', async () => {
    await start();
    const a = await make('a');
    await make('held', [own(a)], { finalizers: ['example.com/hold'] });
    await make('b', [own(a)]);
    await remove('a', 'Foreground');
    expect(await names()).toEqual(['a', 'held']);
    expect((await world.client.get('configmaps', 'default', 'a')).metadata.finalizers).toEqual(['foregroundDeletion']);
    await world.client.patch('configmaps', 'default', 'held', { type: 'merge', body: { metadata: { finalizers: null } } });
    await world.settle();
    expect(await names()).toEqual([]);
  });

  test('does not wait for dependents that do not block', async () => {
    await start();
    const a = await make('a');
    await make('b', [own(a, false)], { finalizers: ['example.com/hold'] });
    await remove('a', 'Foreground');
    expect(await names()).toEqual(['b']);
  });

  test('a circle of owners comes to an end', async () => {
    await start();
    const a = await make('a');
    const b = await make('b', [own(a)]);
    const c = await make('c', [own(b)]);
    await world.client.patch('configmaps', 'default', 'a', { type: 'merge', body: { metadata: { ownerReferences: [own(c)] } } });
    await world.settle();
    await remove('a', 'Foreground');
    expect(await names()).toEqual([]);
  });
});

test('orphan: dependents stay, free', async () => {
  await start();
  const a = await make('a');
  await make('b', [own(a)]);
  await remove('a', 'Orphan');
  expect(await names()).toEqual(['b']);
  expect((await world.client.get('configmaps', 'default', 'b')).metadata.ownerReferences ?? []).toEqual([]);
});
