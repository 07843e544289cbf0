/** Many nodes in one process, whose containers are only remembered. They share one connection to the cluster and one watch of each kind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openCluster } from './api/open.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import type { AgentConfig } from './config.ts';
import { openSimulatedNetwork } from './network/simulated/network.ts';
import { assembleNode } from './node/assemble.ts';
import { keepLease } from './node/lease.ts';
import { createNodeKeeper } from './node/node.ts';
import { capacityOf, type NodeFacts } from './node/status.ts';
import { messageOf } from './pods/failure.ts';
import { noFiles } from './pods/files.ts';
import { noJournal } from './pods/journal.ts';
import { alwaysPassing } from './probes/port.ts';
import { systemRandom } from './random.ts';
import { behaviourOf } from './runtime/simulated/commands.ts';
import { createSimulatedRuntime } from './runtime/simulated/runtime.ts';
import { noVolumes } from './volumes/port.ts';
import type { ClusterSource } from './api/source.ts';

const NO_PRESSURE = { memory: false, disk: false, pids: false };
/** So many nodes join at a time: thousands at once would only wait on each other. */
const JOIN_BATCH = 50;
const JOIN_PAUSE_MS = 50;
const DISK_BYTES = 500 * 1024 ** 3;

async function runNode(config: AgentConfig, nodeName: string, cluster: ClusterSource, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const random = systemRandom;
  const runtime = createSimulatedRuntime({
    clock,
    ids: systemIds,
    behaviour: ({ command = [], args = [], initializes }) => ({ ...behaviourOf([...command, ...args], initializes), startDelayMs: config.simulated?.startDelayMs ?? 0 }),
  });
  const facts: NodeFacts = {
    config: { ...config, labels: { 'paperplane.dev/simulated': 'true', ...config.labels } },
    nodeName,
    runtime: await runtime.version(),
    machine: { machineID: nodeName, systemUUID: nodeName, bootID: nodeName, osImage: 'simulated' },
    diskBytes: DISK_BYTES,
    kubeletPort: 0,
  };
  let problems: readonly string[] = ['the node has no range of pod addresses yet'];
  const keeper = createNodeKeeper({ cluster, clock, random, facts, health: () => ({ pressure: NO_PRESSURE, problems }), images: () => runtime.images() });
  void keeper.run(signal);
  const podCIDR = await keeper.podCIDR;
  void keepLease(
    {
      cluster,
      clock,
      random,
      nodeName,
      nodeUid: () => keeper.object().metadata.uid,
      renewed: () => undefined,
      failed: (error) => console.warn(`lease of ${nodeName}: ${messageOf(error)}`),
    },
    signal,
  );
  const { manager } = assembleNode({
    config,
    nodeName,
    clock,
    random,
    cluster,
    runtime,
    network: openSimulatedNetwork({ podCIDR }),
    pauseImage: 'pause',
    journal: noJournal,
    files: noFiles,
    probes: alwaysPassing,
    seccompDir: '/nonexistent',
    ...capacityOf(facts),
    volumes: () => noVolumes,
    node: () => keeper.object(),
  });
  await manager.start(signal);
  problems = [];
  keeper.changed();
}

export async function runSimulatedNodes(config: AgentConfig, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const random = systemRandom;
  const cluster = await openCluster({ config, clock, random, manyNodes: true });
  const prefix = config.simulated?.namePrefix ?? `${config.nodeName}-`;
  const names = Array.from({ length: config.simulated?.count ?? 0 }, (_, index) => `${prefix}${index + 1}`);
  for (let at = 0; at < names.length && !signal.aborted; at += JOIN_BATCH) {
    for (const name of names.slice(at, at + JOIN_BATCH)) runNode(config, name, cluster, signal).catch((error: unknown) => console.error(`node ${name}: ${messageOf(error)}`));
    await sleep(JOIN_PAUSE_MS);
  }
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
  cluster.close();
}
