/** A cluster over an embedded store in memory, with an administrator whose token is `admin` and a user without rights whose token is `nobody`. */
import { generateKeyPairSync } from 'node:crypto';
import { parseTokenFile, staticTokens } from '#apiserver/authn/static-tokens.ts';
import type { NodeDialer } from '#apiserver/streams/port.ts';
import type { ClusterRecord } from '#cloud/clusters/port.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { Clock } from '#machinery/clock.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Store } from '#store/port.ts';
import { type Cluster, openCluster } from '../shared/cluster.ts';

let key: string | undefined;

export function testRecord(name = 'test'): ClusterRecord {
  key ??= generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey;
  return { name, id: `${name}.1`, createdAt: 0, serviceAccountKey: key, serviceCIDR: '10.96.0.0/16', podCIDR: '10.244.0.0/16', access: [] };
}

export interface TestCluster {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly logged: { readonly message: string; readonly error: unknown }[];
  close(): Promise<void>;
}

/** `made`: its first objects are in the store. */
export async function startTestCluster(
  options: { readonly clock?: Clock; readonly dialer?: NodeDialer; readonly store?: Store; readonly made?: boolean } = {},
): Promise<TestCluster> {
  const store = options.store ?? (await openEmbeddedStore({ directory: ':memory:', cluster: 'test', clock: systemClock }));
  const logged: { message: string; error: unknown }[] = [];
  const cluster = await openCluster({
    record: testRecord(),
    store,
    registry: builtInKinds(),
    authenticators: [staticTokens(parseTokenFile('admin,admin,1,system:masters\nnobody,nobody,2'))],
    ...(options.dialer === undefined ? {} : { dialer: options.dialer }),
    clock: options.clock ?? systemClock,
    ids: systemIds,
    random: Math.random,
    log: (message, error) => void logged.push({ message, error }),
  });
  if (options.made === true) return { store, cluster, logged, close: () => store.close() };
  const system = cluster.client.as('system:apiserver', ['system:masters']);
  await system.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  await system.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  return { store, cluster, logged, close: () => store.close() };
}
