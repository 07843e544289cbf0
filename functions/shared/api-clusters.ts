/** The API servers of an installation's clusters, by name: what the api function serves, and what a gateway node serves from inside. */
import { awsCallers, awsTokens } from '#apiserver/authn/aws/authenticator.ts';
import { awsAuth } from '#apiserver/authn/aws/mapping.ts';
import type { AskSts } from '#apiserver/authn/aws/sts.ts';
import { storedDefinitions } from '#apiserver/custom/definitions.ts';
import type { NodeDialer } from '#apiserver/streams/port.ts';
import { DynamicRegistry } from '#kinds/custom/registry.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { clusterPool } from './clusters.ts';
import type { Installation } from './installation.ts';

/** Definitions of custom resources may be this old when a request is served. Milliseconds. */
const DEFINITIONS_AGE_MS = 1_000;

export interface ApiClustersOptions {
  readonly installation: Pick<Installation, 'clusters' | 'openStore' | 'clock' | 'ids' | 'random' | 'log'>;
  readonly ask: AskSts;
  /** Instances of this role are nodes. */
  readonly nodeRole?: string | undefined;
  readonly dialer?: NodeDialer | undefined;
}

export type ApiClusters = (name: string) => Promise<Cluster | undefined>;

export function apiClusters({ installation, ask, nodeRole, dialer }: ApiClustersOptions): ApiClusters {
  const { clusters, clock, ids, random, log } = installation;
  return clusterPool(clusters, clock, async (record) => {
    const store = await installation.openStore(record.id);
    const registry = new DynamicRegistry(builtInKinds(), storedDefinitions(store));
    await registry.refresh();
    const access = async () => [...record.access, ...(await awsAuth(store))];
    const authenticators = [awsTokens({ cluster: record.name, ask, access, clock }), ...(nodeRole === undefined ? [] : [awsCallers({ nodeRole })])];
    const cluster = await openCluster({ record, store, registry, authenticators, ...(dialer === undefined ? {} : { dialer }), clock, ids, random, log });
    let refreshed = clock.now();
    return {
      ...cluster,
      async wake() {
        await cluster.wake();
        if (clock.now() - refreshed < DEFINITIONS_AGE_MS) return;
        refreshed = clock.now();
        await registry.refresh();
      },
    };
  });
}
