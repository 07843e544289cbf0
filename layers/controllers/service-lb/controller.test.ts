import { afterEach, describe, expect, test } from 'vitest';
import { type LoadBalancers, LoadBalancerProblem, type LoadBalancerSpec } from '#cloud/load-balancers/port.ts';
import { node, service } from '#control/testing/objects.ts';
import { createWorld, type World } from '#control/testing/world.ts';
import type { Node, Service } from '#kinds/generated/types.ts';
import { serviceLbController } from './controller.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
let world: World;
let ensured: LoadBalancerSpec[];
let removed: string[];
let problem: string | undefined;
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function start(...objects: readonly (readonly [string, Service | Node])[]): Promise<void> {
  ensured = [];
  removed = [];
  problem = undefined;
  let last = '';
  const balancers: LoadBalancers = {
    async ensure(spec) {
      if (problem !== undefined) throw new LoadBalancerProblem(problem);
      const text = JSON.stringify(spec);
      const changed = text !== last;
      last = text;
      ensured.push(spec);
      return { ingress: [{ hostname: `${spec.name}.elb.example` }], changed };
    },
    async remove(name) {
      if (problem !== undefined) throw new LoadBalancerProblem(problem);
      removed.push(name);
    },
  };
  world = await createWorld({ controllers: [serviceLbController({ balancers, cluster: 'prod' })], objects });
  await world.settle();
}
const instance = (name: string, id: string): Node => node(name, { spec: { providerID: `aws:///us-east-1a/${id}` } });
const balanced = (name = 'web', more: object = {}): Service => {
  const base = service(name);
  return { ...base, ...more, spec: { ...base.spec, type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }], ...(more as Service).spec } } as Service;
};
const get = (name = 'web'): Promise<Service> => world.client.get('services', 'default', name);
const reasons = async (): Promise<string[]> => (await world.all<{ apiVersion: string; kind: string; metadata: object; reason: string }>('events')).map(({ reason }) => reason);

describe('a Service of type LoadBalancer', () => {
  test('gets a balancer over the instances, its name in the status, and a finalizer first', async () => {
    await start(['nodes', instance('n1', 'i-01')], ['nodes', instance('n2', 'i-02')], ['services', balanced()]);
    expect(ensured.at(-1)!.targets.map(({ instanceId }) => instanceId)).toEqual(['i-01', 'i-02']);
    const made = await get();
    expect(made.metadata.finalizers).toEqual([FINALIZER]);
    expect(made.status?.loadBalancer?.ingress).toEqual([expect.objectContaining({ hostname: `${ensured[0]!.name}.elb.example` })]);
    expect(await reasons()).toEqual(expect.arrayContaining(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']));
  });

  test('follows its nodes: new ones, labelled ones, gone ones', async () => {
    await start(['nodes', instance('n1', 'i-01')], ['services', balanced()]);
    await world.client.create('nodes', instance('n2', 'i-02'));
    await world.settle();
    expect(ensured.at(-1)!.targets.map(({ node: name }) => name)).toEqual(['n1', 'n2']);
    await world.client.patch('nodes', '', 'n1', { type: 'merge', body: { metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } } });
    await world.settle();
    expect(ensured.at(-1)!.targets.map(({ node: name }) => name)).toEqual(['n2']);
    const before = ensured.length;
    await world.client.patch('nodes', '', 'n2', { type: 'merge', body: { status: { conditions: [] } } }, 'status');
    await world.settle();
    expect(ensured).toHaveLength(before);
  });

  test('is kept until its balancer is gone', async () => {
    await start(['nodes', instance('n1', 'i-01')], ['services', balanced()]);
    problem = 'a target group is still in use';
    await world.client.delete('services', 'default', 'web');
    await world.settle();
    expect((await get()).metadata.deletionTimestamp).toBeDefined();
    expect(await reasons()).toContain('SyncLoadBalancerFailed');
    problem = undefined;
    await world.clock.advance(10_000);
    await world.settle();
    expect(removed).toEqual([ensured[0]!.name]);
    await expect(get()).rejects.toMatchObject({ status: { code: 404 } });
  });

  test('that becomes another type loses its balancer, its status and its finalizer', async () => {
    await start(['nodes', instance('n1', 'i-01')], ['services', balanced()]);
    await world.client.patch('services', 'default', 'web', { type: 'merge', body: { spec: { type: 'ClusterIP' } } });
    await world.settle();
    expect(removed).toHaveLength(1);
    const left = await get();
    expect(left.metadata.finalizers ?? []).toEqual([]);
    expect(left.status?.loadBalancer?.ingress ?? []).toEqual([]);
  });

  test('whose balancer cannot be made says why, and is tried again', async () => {
    await start(['nodes', instance('n1', 'i-01')]);
    problem = 'the account’s quota of load balancers is used up';
    await world.client.create('services', balanced());
    await world.settle();
    const [event] = (await world.all<{ apiVersion: string; kind: string; metadata: object; reason: string; message: string }>('events')).filter(
      ({ reason }) => reason === 'SyncLoadBalancerFailed',
    );
    expect(event!.message).toBe('Error syncing load balancer: failed to ensure load balancer: the account’s quota of load balancers is used up');
    problem = undefined;
    await world.clock.advance(6_000);
    await world.settle();
    expect((await get()).status?.loadBalancer?.ingress).toHaveLength(1);
  });

  test('with an annotation that makes no sense is told so', async () => {
    await start(
      ['nodes', instance('n1', 'i-01')],
      ['services', balanced('web', { metadata: { name: 'web', namespace: 'default', annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'public' } } })],
    );
    expect(ensured).toEqual([]);
    expect(await reasons()).toEqual(['SyncLoadBalancerFailed']);
  });

  test('of somebody else’s class is left alone', async () => {
    await start(['nodes', instance('n1', 'i-01')], ['services', balanced('web', { spec: { loadBalancerClass: 'example.com/lb' } })]);
    expect(ensured).toEqual([]);
    expect((await get()).metadata.finalizers ?? []).toEqual([]);
  });
});
