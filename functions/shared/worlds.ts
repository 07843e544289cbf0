/** The worlds that an environment has open, by cluster. */
import type { ClusterRecord } from '#cloud/clusters/port.ts';
import { clusterPool } from './clusters.ts';
import type { Installation } from './installation.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export type Worlds = (cluster: string) => Promise<World | undefined>;

export const openWorlds = (installation: Installation, options: WorldOptions | ((record: ClusterRecord) => WorldOptions) = {}): Worlds =>
  clusterPool(installation.clusters, installation.clock, (record) => openWorld(installation, record, typeof options === 'function' ? options(record) : options));
