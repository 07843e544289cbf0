/** Controllers, scheduler and API server together: what a user sees after one request. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namespace, node, pod, replicationController as rc, running, service } from '#control/testing/objects.ts';
import type { Endpoints, Pod, ResourceQuota } from '#kinds/generated/types.ts';
import { startTestCluster, type TestCluster } from './testing/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of ['n1', 'n2']) {
    await cluster.client.create('nodes', node(name));
    await cluster.client.update('nodes', { ...(await cluster.client.get('nodes', '', name)), status: node(name).status }, 'status');
  }
  await cluster.until('service account', () => cluster.control.cache.get('serviceaccounts', 'default', 'default') !== undefined);
});
afterAll(async () => {
  await cluster.stop();
  expect(cluster.errors).toEqual([]);
});
const pods = (ns = 'default'): readonly Pod[] => cluster.control.cache.list<Pod>('pods', ns);

describe('a cluster', () => {
  test('a controller of two: pods on both nodes, endpoints as they become ready, replacement, and the end', async () => {
    const { client, until, control } = cluster;
    await client.create('services', service('web', { clusterIP: undefined as never, clusterIPs: undefined as never }));
    await client.create('replicationcontrollers', rc('web', 2));
    await until('two placed pods', () => pods().filter(({ spec }) => spec?.nodeName !== undefined).length === 2);
    expect(new Set(pods().map(({ spec }) => spec?.nodeName)).size).toBe(2);
    for (const [i, one] of pods().entries()) {
      await client.patch('pods', 'default', one.metadata.name!, { type: 'strategic', body: { status: running(`10.244.0.${i + 2}`) } }, 'status');
    }
    await until('two endpoints', () => control.cache.get<Endpoints>('endpoints', 'default', 'web')?.subsets?.[0]?.addresses?.length === 2);
    await until('two available', () => control.cache.get<ReturnType<typeof rc>>('replicationcontrollers', 'default', 'web')?.status?.availableReplicas === 2);
    const victim = pods()[0]!.metadata.name!;
    await client.delete('pods', 'default', victim, { gracePeriodSeconds: 0 });
    await until('a replacement', () => pods().filter(({ spec }) => spec?.nodeName !== undefined).length === 2 && pods().every(({ metadata }) => metadata.name !== victim));
    await client.delete('replicationcontrollers', 'default', 'web', { propagationPolicy: 'Background' });
    await until('pods on their way out', () => pods().every(({ metadata }) => metadata.deletionTimestamp !== undefined));
  });

  test('a namespace: its account and CA at once, a quota that refuses, and everything gone after', async () => {
    const { client, until, control } = cluster;
    await client.create('namespaces', namespace('team'));
    await until(
      'account and CA',
      () => control.cache.get('serviceaccounts', 'team', 'default') !== undefined && control.cache.get('configmaps', 'team', 'kube-root-ca.crt') !== undefined,
    );
    await client.create('resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'team' }, spec: { hard: { pods: '1' } } });
    await until('a counted quota', () => control.cache.get<ResourceQuota>('resourcequotas', 'team', 'q')?.status?.used?.['pods'] === '0');
    await client.create('pods', pod('one', { namespace: 'team' }));
    await expect(client.create('pods', pod('two', { namespace: 'team' }))).rejects.toThrow('exceeded quota: q');
    await client.delete('pods', 'team', 'one', { gracePeriodSeconds: 0 });
    await until('room again', () => control.cache.get<ResourceQuota>('resourcequotas', 'team', 'q')?.status?.used?.['pods'] === '0');
    await client.delete('namespaces', '', 'team');
    await until('the end of the namespace', () => control.cache.get('namespaces', '', 'team') === undefined);
  });
});
