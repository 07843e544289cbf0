import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClusterRole, Secret, ServiceAccount } from '#kinds/generated/types.ts';
import { clusterRoleAggregationController } from '../clusterrole-aggregation/controller.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { serviceAccountTokenController } from './controller.ts';

let world: ApiWorld;
beforeEach(async () => {
  const token = (namespace: string, account: { name: string }, secret: { name: string }): string => `${namespace} ${account.name} ${secret.name}`;
  world = await createApiWorld([serviceAccountTokenController({ caBundle: 'PEM', token }), clusterRoleAggregationController()]);
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

const secret = (name: string, account: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
});
const text = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();

test('a token secret is filled, kept filled, and goes with its account', async () => {
  await world.client.create<ServiceAccount>('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'default' } });
  await world.client.create('secrets', secret('robot-token', 'robot'));
  await world.settle();
  const get = (): Promise<Secret> => world.get<Secret>('secrets', 'robot-token');
  const filled = await get();
  expect([text(filled.data?.['token']), text(filled.data?.['ca.crt']), text(filled.data?.['namespace'])]).toEqual(['default robot robot-token', 'PEM', 'default']);
  expect(filled.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe((await world.get<ServiceAccount>('serviceaccounts', 'robot')).metadata.uid);
  await world.client.patch('secrets', 'default', 'robot-token', { type: 'merge', body: { data: { token: null } } });
  await world.settle();
  expect(text((await get()).data?.['token'])).toBe('default robot robot-token');
  await world.client.delete('serviceaccounts', 'default', 'robot');
  await world.settle();
  await expect(get()).rejects.toThrow('not found');
});

test('a token secret of nobody is deleted; other secrets are left alone', async () => {
  await world.client.create('secrets', secret('lost', 'nobody'));
  await world.client.create('secrets', { ...secret('plain', 'nobody'), type: 'Opaque' });
  await world.settle();
  expect((await world.all<Secret>('secrets', 'default')).map(({ metadata }) => metadata.name)).toEqual(['plain']);
});

test('an aggregated role has the rules of those it selects, each once', async () => {
  const role = (name: string, labels: Record<string, string>, rules: ClusterRole['rules'], aggregationRule?: ClusterRole['aggregationRule']): ClusterRole => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: rules!,
    ...(aggregationRule === undefined ? {} : { aggregationRule }),
  });
  const ROLES = 'clusterroles.rbac.authorization.k8s.io';
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  await world.client.create(ROLES, role('sum', {}, [], { clusterRoleSelectors: [{ matchLabels: { add: 'yes' } }] }));
  await world.client.create(ROLES, role('b', { add: 'yes' }, [rule('pods')]));
  await world.client.create(ROLES, role('a', { add: 'yes' }, [rule('nodes'), rule('pods')]));
  await world.client.create(ROLES, role('c', {}, [rule('secrets')]));
  await world.settle();
  const rules = async () => (await world.get<ClusterRole>(ROLES, 'sum', '')).rules;
  expect(await rules()).toEqual([rule('nodes'), rule('pods')]);
  await world.client.delete(ROLES, '', 'a');
  await world.settle();
  expect(await rules()).toEqual([rule('pods')]);
});
