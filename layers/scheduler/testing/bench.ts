/**
 * How fast pods find nodes: `node layers/scheduler/testing/bench.ts [NODES] [PODS]`. Prints decisions a second over the picture alone, and
 * pods a second through store, API server and scheduler in one process (a store in memory: no disk in the figures).
 */
import { namespace, node, pod } from '#control/testing/objects.ts';
import type { Cache } from '#control/controller.ts';
import type { Pod } from '#kinds/generated/types.ts';
import { startTestCluster } from '#controllers/testing/cluster.ts';
import { createFinder } from '../find-node.ts';
import { Picture } from '../picture/picture.ts';
import { podInfo } from '../picture/pod-info.ts';

const [nodes = 500, pods = 5000] = process.argv.slice(2).map(Number);
const zones = ['a', 'b', 'c'];
const makeNode = (i: number) => node(`node-${i}`, { cpu: '64', memory: '256Gi', labels: { 'topology.kubernetes.io/zone': zones[i % 3]! } });

type Shape = (i: number) => Pod;
const plain: Shape = (i) => pod(`p-${i}`, { cpu: '100m', memory: '200Mi', labels: { app: 'web' } });
const apart: Shape = (i) => {
  const one = plain(i);
  one.metadata.labels = { app: `g${i % 100}` };
  one.spec!.affinity = {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: one.metadata.labels }, topologyKey: 'kubernetes.io/hostname' }] },
  };
  return one;
};
const spread: Shape = (i) => {
  const one = plain(i);
  one.spec!.topologySpreadConstraints = [
    { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } },
    { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } },
  ];
  return one;
};

const empty = { get: () => undefined, list: () => [] } as unknown as Cache;

function decisions(name: string, shape: Shape): void {
  const picture = new Picture();
  picture.setNamespace(namespace());
  for (let i = 0; i < nodes; i++) picture.setNode(makeNode(i));
  const find = createFinder(Math.random);
  const made = Array.from({ length: pods }, (_, i) => {
    const one = shape(i);
    one.metadata.uid = `uid-${i}`;
    return one;
  });
  const start = performance.now();
  let placed = 0;
  for (const one of made) {
    const info = podInfo(one);
    const found = find({ pod: info, picture, cache: empty });
    if (!('node' in found)) continue;
    picture.assume(info, found.node.name);
    placed++;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(`${name}: ${placed} of ${pods} placed on ${nodes} nodes, ${Math.round(pods / seconds)} decisions a second`);
}

async function throughApi(): Promise<void> {
  const cluster = await startTestCluster();
  for (let i = 0; i < nodes; i++) {
    const one = makeNode(i);
    const made = await cluster.client.create('nodes', one);
    await cluster.client.update('nodes', { ...made, status: one.status }, 'status');
  }
  await cluster.until('account', () => cluster.control.cache.get('serviceaccounts', 'default', 'default') !== undefined);
  // counted as the cache shows the bindings: the scheduler's own counter moves after the last change, which would not be looked at again
  let bound = 0;
  cluster.control.cache.subscribe((resource, changes) => {
    if (resource !== 'pods') return;
    for (const { old, now } of changes as readonly { old?: Pod; now?: Pod }[]) {
      if ((now?.spec?.nodeName ?? '') !== '' && (old?.spec?.nodeName ?? '') === '') bound++;
    }
  });
  const start = performance.now();
  for (let i = 0; i < pods; i += 64) await Promise.all(Array.from({ length: Math.min(64, pods - i) }, (_, j) => cluster.client.create('pods', plain(i + j))));
  const created = performance.now();
  await cluster.until('all placed', () => bound >= pods, 120_000);
  const end = performance.now();
  console.log(
    `through the API: ${pods} pods created in ${Math.round(created - start)} ms, all bound after ${Math.round(end - start)} ms: ${Math.round((pods / (end - start)) * 1000)} a second`,
  );
  await cluster.stop();
}

decisions('plain', plain);
decisions('anti-affinity', apart);
decisions('spread', spread);
await throughApi();
