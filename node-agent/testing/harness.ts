/** One simulated node with a cluster beside it, for tests of what a pod's owner sees. */
import type { ContainerState, Mount } from '../runtime/port.ts';
import { openSimulatedNetwork } from '../network/simulated/network.ts';
import { assembleNode } from '../node/assemble.ts';
import { noFiles, type PodFiles } from '../pods/files.ts';
import { noJournal, type PodJournal } from '../pods/journal.ts';
import type { PodManager } from '../pods/manager.ts';
import type { Container, ContainerStatus, Pod, PodSpec } from '../pods/pod.ts';
import type { ProbeStarter } from '../probes/port.ts';
import { alwaysPassing } from '../probes/port.ts';
import { createSimulatedRuntime, type SimulatedOptions, type SimulatedRuntime } from '../runtime/simulated/runtime.ts';
import { noVolumes, type PodVolumes } from '../volumes/port.ts';
import { createTestClock, settle, type TestClock } from './clock.ts';
import { createTestCluster, type TestCluster } from './cluster.ts';

export const NODE = 'node-1';

export interface HarnessOptions extends Partial<Pick<SimulatedOptions, 'behaviour' | 'pull' | 'exec'>> {
  readonly probes?: ProbeStarter;
  readonly volumes?: PodVolumes;
  readonly files?: PodFiles;
  readonly journal?: PodJournal;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

export interface Harness {
  readonly clock: TestClock;
  readonly cluster: TestCluster;
  readonly runtime: SimulatedRuntime;
  manager: PodManager;
  /** The containers of the node, dead ones too, sandboxes left out. */
  containers(): Promise<readonly ContainerState[]>;
  sandboxes(): Promise<readonly ContainerState[]>;
  status(pod: string, container?: string): ContainerStatus;
  mounts(id: string): readonly Mount[];
  reasons(pod: string): readonly string[];
  /** The agent dies and starts again, on the same runtime and cluster. */
  restart(): Promise<void>;
  stop(): void;
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = createTestClock();
  let serial = 0;
  const runtime = createSimulatedRuntime({ clock, ids: { uid: () => `id-${++serial}-`, suffix: () => 'xxxxx' }, ...options });
  const cluster = createTestCluster(NODE, () => clock.now());
  let stop = new AbortController();

  async function begin(): Promise<PodManager> {
    stop = new AbortController();
    const { manager } = assembleNode({
      config: {
        nodeName: NODE,
        server: 'https://test',
        caFile: '',
        credential: { tokenFile: '' },
        stateDir: '/nonexistent',
        nodeIP: '192.0.2.1',
        clusterName: 'test',
        runtime: 'simulated',
      },
      nodeName: NODE,
      clock,
      random: () => 0.5,
      cluster,
      runtime,
      network: openSimulatedNetwork({ podCIDR: '10.1.0.0/24' }),
      pauseImage: 'pause',
      journal: options.journal ?? noJournal,
      files: options.files ?? noFiles,
      probes: options.probes ?? alwaysPassing,
      seccompDir: '/nonexistent',
      capacity: { cpu: '4', memory: '8Gi' },
      allocatable: { cpu: '4', memory: '8Gi', pods: '10', ...options.allocatable },
      volumes: () => options.volumes ?? noVolumes,
      node: () => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE, ...options.nodeLabels } } }),
    });
    const started = manager.start(stop.signal);
    await settle();
    if (cluster.away) await clock.advance(4000);
    await started;
    await settle();
    return manager;
  }

  const all = (): Promise<readonly ContainerState[]> => runtime.list({});
  const isSandbox = (state: ContainerState): boolean => state.labels['io.kubernetes.docker.type'] === 'podsandbox';
  const harness: Harness = {
    clock,
    cluster,
    runtime,
    manager: await begin(),
    containers: async () => (await all()).filter((state) => !isSandbox(state)),
    sandboxes: async () => (await all()).filter(isSandbox),
    status(pod, container) {
      const { status } = cluster.get(pod) ?? {};
      const found = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
      const wanted = container === undefined ? status?.containerStatuses?.[0] : found.find(({ name }) => name === container);
      if (wanted === undefined) throw new Error(`no status of ${pod} ${container ?? ''}`);
      return wanted;
    },
    mounts: (id) => runtime.spec(id)?.mounts ?? [],
    reasons: (pod) => cluster.events.filter(({ object }) => object === pod).map(({ reason }) => reason),
    async restart() {
      stop.abort();
      await settle();
      harness.manager = await begin();
    },
    stop: () => stop.abort(),
  };
  return harness;
}

export function testPod(name: string, spec: Partial<PodSpec> = {}, more: Partial<Pod['metadata']> = {}): Pod {
  const containers: readonly Container[] = spec.containers ?? [{ name: 'main', image: 'busybox:1', imagePullPolicy: 'IfNotPresent' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...more },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec, containers },
  };
}
