import { afterEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '#machinery/object.ts';
import { unavailable } from '#machinery/status.ts';
import type { Controller } from './controller.ts';
import { createWorld, type World } from './testing/world.ts';

const map = (name: string, data: Record<string, string> = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data });

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** Makes `NAME-copies` copies of each config map that asks for some, one write after the other, as a careless controller would. */
const copier: Controller = {
  name: 'copier',
  watches: [
    { resource: 'configmaps', keys: ({ old, now }) => ((now ?? old)!.metadata.ownerReferences ?? [{ name: (now ?? old)!.metadata.name! }]).map(({ name }) => `default/${name}`) },
  ],
  async reconcile(key, { cache, client }) {
    const name = key.split('/')[1]!;
    const owner = cache.get<KubeObject & { data: Record<string, string> }>('configmaps', 'default', name);
    if (owner?.data['copies'] === undefined) return {};
    const have = cache.ownedBy('configmaps', owner.metadata.uid!).length;
    for (let i = have; i < Number(owner.data['copies']); i++) {
      await client.create('configmaps', {
        ...map('x'),
        metadata: { generateName: `${name}-`, namespace: 'default', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: owner.metadata.uid!, controller: true }] },
      });
    }
    return {};
  },
};

describe('the runtime', () => {
  test('reconciles what is there at the start and what changes after', async () => {
    world = await createWorld({ controllers: [copier], objects: [['configmaps', map('a', { copies: '2' })]] });
    expect(await world.all('configmaps')).toHaveLength(3);
    await world.client.create('configmaps', map('b', { copies: '1' }));
    await world.settle();
    expect(await world.all('configmaps')).toHaveLength(5);
    expect(world.errors).toEqual([]);
  });

  test('does not act on a cache that is older than its own writes', async () => {
    world = await createWorld({ controllers: [copier], objects: [['configmaps', map('a', { copies: '1' })]] });
    await world.client.patch('configmaps', 'default', 'a', { type: 'merge', body: { data: { copies: '3' } } });
    await world.settle();
    // the cache stands still while the controller is woken by a change that reached it before
    const release = world.store.hold('configmaps');
    await world.client.patch('configmaps', 'default', 'a', { type: 'merge', body: { data: { copies: '5' } } });
    await world.settle();
    release();
    await world.settle();
    expect(await world.all('configmaps')).toHaveLength(6);
  });

  test('lists anew when the log no longer reaches back, and sees what was missed', async () => {
    world = await createWorld({ controllers: [copier] });
    const release = world.store.hold('configmaps');
    await world.client.create('configmaps', map('a', { copies: '2' }));
    world.store.compact('configmaps');
    release();
    await world.settle();
    expect(await world.all('configmaps')).toHaveLength(3);
  });

  test('a poison key becomes a dead letter, an Event and a metric, and others go on', async () => {
    const seen: string[] = [];
    const touchy: Controller = {
      name: 'touchy',
      concurrency: 1,
      watches: [{ resource: 'configmaps' }],
      reconcile(key) {
        seen.push(key);
        return key === 'default/bad' ? Promise.reject(new Error('cannot digest')) : Promise.resolve({});
      },
    };
    world = await createWorld({ controllers: [touchy], objects: [['configmaps', map('bad')]] });
    await world.client.create('configmaps', map('good'));
    await world.settle();
    expect(seen).toContain('default/good');
    await world.clock.advance(300_000);
    expect((await world.depth()).dead).toBe(1);
    expect(world.metrics.value('paperplane_dead_letters_total', { controller: 'touchy' })).toBe(1);
    const events = await world.all<KubeObject & { message: string; reason: string }>('events');
    expect(events.map(({ reason, message }) => [reason, message])).toEqual([['ReconcileFailed', 'touchy gave up until the next change: cannot digest']]);
  });

  test('a server that is away never makes a key poison', async () => {
    let away = true;
    let tries = 0;
    const patient: Controller = {
      name: 'patient',
      watches: [{ resource: 'configmaps' }],
      reconcile() {
        tries++;
        return away ? Promise.reject(unavailable('store')) : Promise.resolve({});
      },
    };
    world = await createWorld({ controllers: [patient], objects: [['configmaps', map('a')]] });
    await world.clock.advance(900_000);
    expect(tries).toBeGreaterThan(20);
    away = false;
    await world.clock.advance(60_000);
    expect(await world.depth()).toEqual({ waiting: 0, inWork: 0, dead: 0 });
  });

  test('again after: one timer per key, however often it is woken', async () => {
    let runs = 0;
    const ticking: Controller = {
      name: 'ticking',
      watches: [{ resource: 'configmaps' }],
      reconcile() {
        runs++;
        return Promise.resolve({ requeueAfterSeconds: 10 });
      },
    };
    world = await createWorld({ controllers: [ticking], objects: [['configmaps', map('a')]] });
    for (let i = 0; i < 5; i++) {
      await world.client.patch('configmaps', 'default', 'a', { type: 'merge', body: { data: { i: String(i) } } });
      await world.settle();
    }
    expect(runs).toBe(6);
    await world.clock.advance(10_000);
    expect(runs).toBe(7);
    await world.clock.advance(10_000);
    expect(runs).toBe(8);
  });

  test('a controller that asks again at once leaves room for others', async () => {
    let runs = 0;
    const hasty: Controller = {
      name: 'hasty',
      watches: [{ resource: 'configmaps' }],
      reconcile() {
        runs++;
        return Promise.resolve({ requeueAfterSeconds: -1 });
      },
    };
    world = await createWorld({ controllers: [hasty], objects: [['configmaps', map('a')]] });
    await world.settle();
    expect(runs).toBe(1);
    await world.clock.advance(1_000);
    expect(runs).toBeGreaterThan(2);
    expect(runs).toBeLessThan(30);
  });
});

describe('events', () => {
  const noisy = (texts: readonly string[]): Controller => ({
    name: 'noisy',
    watches: [{ resource: 'configmaps' }],
    reconcile(key, { cache, event }) {
      const object = cache.get('configmaps', 'default', key.split('/')[1]!);
      if (object !== undefined) for (const text of texts) event(object, 'Normal', 'Noise', text);
      return Promise.resolve({});
    },
  });
  type Event = KubeObject & { message: string; count: number; source: { component: string } };

  test('equal ones are counted', async () => {
    world = await createWorld({ controllers: [noisy(['x', 'x', 'x'])], objects: [['configmaps', map('a')]] });
    await world.events.flush();
    expect((await world.all<Event>('events')).map(({ message, count, source }) => [message, count, source.component])).toEqual([['x', 3, 'noisy']]);
  });

  test('from the tenth similar one on they are combined, and one object gets 25 at most', async () => {
    world = await createWorld({ controllers: [noisy(Array.from({ length: 40 }, (_, i) => `message ${i}`))], objects: [['configmaps', map('a')]] });
    await world.events.flush();
    const events = await world.all<Event>('events');
    const combined = events.filter(({ message }) => message.startsWith('(combined from similar events): '));
    expect(events).toHaveLength(10);
    expect(combined.map(({ count }) => count)).toEqual([16]);
  });
});
