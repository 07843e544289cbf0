/** One node on this machine's Docker. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pause } from './api/pause.ts';
import { openCluster } from './api/open.ts';
import type { ClusterSource } from './api/source.ts';
import { systemClock } from '#machinery/system.ts';
import { clusterDNSOf, type AgentConfig, type KubeletFiles } from './config.ts';
import { resolversOf } from './network/dns/forward.ts';
import { openDns } from './network/dns/server.ts';
import { openLinuxNetwork } from './network/linux/network.ts';
import { openServiceProxy } from './network/proxy/proxy.ts';
import { serviceSource } from './network/services.ts';
import { assembleNode } from './node/assemble.ts';
import { createRuntimeHealth } from './node/health.ts';
import { keepLease } from './node/lease.ts';
import { diskBytes, readMachine, readPressure } from './node/machine.ts';
import { createNodeKeeper } from './node/node.ts';
import { capacityOf, type NodeFacts, type RuntimeVersion } from './node/status.ts';
import { messageOf } from './pods/failure.ts';
import { createPodFiles } from './pods/files.ts';
import { createPodJournal } from './pods/journal.ts';
import type { PodManager } from './pods/manager.ts';
import { streamPods } from './pods/stream-pods.ts';
import { createProber } from './probes/prober.ts';
import { systemRandom } from './random.ts';
import { PAUSE_IMAGE, pauseLayer } from './runtime/docker/pause.ts';
import { openDockerRuntime, type DockerRuntime } from './runtime/docker/runtime.ts';
import { RuntimeUnsupported } from './runtime/errors.ts';
import { machineFigures } from './stats/machine.ts';
import { createStats } from './stats/stats.ts';
import type { KubeletServer, StreamStats } from './streams/port.ts';
import { createReviewer } from './streams/review.ts';
import { startKubeletServer } from './streams/server.ts';
import { createNodeVolumes } from './volumes/node-volumes.ts';

const KUBELET_PORT = 10250;
const DEFAULT_CLUSTER_CIDR = '10.244.0.0/16';
const DEFAULT_SERVICE_CIDR = '10.96.0.0/16';
/** What the agent waits for the services at its start, so that pods get their variables; without the cluster it goes on. */
const SERVICES_WAIT_MS = 3_000;

/** Until Docker answers; one that is too old ends the agent. */
async function dockerVersion(runtime: DockerRuntime, signal: AbortSignal): Promise<RuntimeVersion> {
  for (let failures = 0; ; failures++) {
    try {
      return await runtime.version();
    } catch (error) {
      if (error instanceof RuntimeUnsupported || signal.aborted) throw error;
      console.warn(`waiting for Docker: ${messageOf(error)}`);
      await pause(systemClock, Math.min(5_000, 200 * 2 ** failures), signal);
    }
  }
}

async function ensurePauseImage(runtime: DockerRuntime): Promise<void> {
  if ((await runtime.image(PAUSE_IMAGE)) !== undefined) return;
  await runtime.importImage(PAUSE_IMAGE, pauseLayer(process.arch === 'arm64' ? 'arm64' : 'x64'), { entrypoint: ['/pause'] });
}

/** The pod range that the node was given once stays its own: with it the agent starts while the cluster is away. */
async function podRange(file: string, given: Promise<string>): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known !== '') {
    void given.then((range) => (range === known ? undefined : console.error(`the node's pod range is ${range}, but its pods have addresses of ${known}`)));
    return known;
  }
  const range = await given;
  await writeFile(file, range, { mode: 0o600 });
  return range;
}

async function serveKubelet(
  config: AgentConfig,
  files: KubeletFiles,
  runtime: DockerRuntime,
  manager: PodManager,
  stats: StreamStats,
  problem: () => string | undefined,
  cluster: Pick<ClusterSource, 'ask'>,
): Promise<KubeletServer> {
  const { clientCAFile } = files;
  const [cert, key, clientCA] = await Promise.all([readFile(files.certFile), readFile(files.keyFile), clientCAFile === undefined ? undefined : readFile(clientCAFile)]);
  const reviewer = clientCA === undefined ? createReviewer({ nodeName: config.nodeName, clock: systemClock, create: (path_, object) => cluster.ask(path_, object) }) : undefined;
  return startKubeletServer({
    nodeName: config.nodeName,
    address: files.address ?? config.nodeIP,
    port: files.port ?? KUBELET_PORT,
    tls: { cert, key, ...(clientCA === undefined ? {} : { clientCA }) },
    ...(reviewer === undefined ? {} : { authenticate: reviewer.authenticate, authorize: reviewer.authorize }),
    runtime,
    pods: streamPods(manager),
    stats,
    health: problem,
    log: (message, error) => console.warn(error === undefined ? message : `${message}: ${messageOf(error)}`),
  });
}

export async function runDockerNode(config: AgentConfig, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const random = systemRandom;
  const { nodeName, stateDir } = config;
  const podsDir = path.join(stateDir, 'pods');
  await mkdir(podsDir, { recursive: true, mode: 0o750 });

  const cluster = await openCluster({ config, clock, random, manyNodes: false });
  const runtime = openDockerRuntime({ socketPath: config.dockerSocket ?? '/var/run/docker.sock', random, observe: (outcome, verb) => health.observe(outcome, verb) });
  let networkProblem: string | undefined = 'the node has no range of pod addresses yet';
  const health = createRuntimeHealth(runtime, clock, (problem) => {
    keeper?.changed();
    if (problem === undefined) manager?.runtimeRecovered();
  });
  let keeper: ReturnType<typeof createNodeKeeper> | undefined;
  let manager: ReturnType<typeof assembleNode>['manager'] | undefined;

  const started = Promise.withResolvers<void>();
  const version = await dockerVersion(runtime, signal);
  const facts: NodeFacts = { config, nodeName, runtime: version, machine: readMachine(), diskBytes: diskBytes(stateDir), kubeletPort: config.kubelet?.port ?? KUBELET_PORT };
  const made = createNodeKeeper({
    cluster,
    clock,
    random,
    facts,
    health: () => ({ pressure: readPressure(stateDir), problems: [health.problem(), networkProblem].filter((problem) => problem !== undefined) }),
    images: () => runtime.images(),
    started: started.promise,
  });
  keeper = made;
  const { capacity, allocatable } = capacityOf(facts);

  void health.run(signal);
  void made.run(signal);
  void keepLease(
    { cluster, clock, random, nodeName, nodeUid: () => made.object().metadata.uid, renewed: () => undefined, failed: (error) => console.warn(`lease: ${messageOf(error)}`) },
    signal,
  );

  const [podCIDR] = await Promise.all([podRange(path.join(stateDir, 'pod-cidr'), made.podCIDR), ensurePauseImage(runtime)]);
  const network = await openLinuxNetwork({
    nodeName,
    nodeIP: config.nodeIP,
    podCIDR,
    clusterCIDR: config.clusterCIDR ?? DEFAULT_CLUSTER_CIDR,
    serviceCIDR: config.serviceCIDR ?? DEFAULT_SERVICE_CIDR,
    stateDir,
    ...(config.nativeCIDRs === undefined ? {} : { nativeCIDRs: config.nativeCIDRs }),
  });
  const source = serviceSource(cluster.services(), cluster.endpointSlices());
  const warn = (message: string, error?: unknown): void => console.warn(error === undefined ? message : `${message}: ${messageOf(error)}`);
  const addresses = clusterDNSOf(config);
  const serviceCIDR = config.serviceCIDR ?? DEFAULT_SERVICE_CIDR;
  const clusterCIDR = config.clusterCIDR ?? DEFAULT_CLUSTER_CIDR;
  const proxy = openServiceProxy({ nodeName, nodeIP: config.nodeIP, ownAddresses: addresses, clusterCIDR, serviceCIDR, clock, random, log: warn });
  proxy.follow(source);
  const dns = await Promise.all(
    addresses.map(async (address) =>
      openDns({
        address,
        clusterDomain: config.clusterDomain ?? 'cluster.local',
        ranges: [serviceCIDR, clusterCIDR],
        resolvers: resolversOf(await readFile(config.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => ''), address),
        source,
        log: warn,
      }),
    ),
  );
  const node = assembleNode({
    config,
    nodeName,
    clock,
    random,
    cluster,
    runtime,
    network,
    pauseImage: PAUSE_IMAGE,
    journal: createPodJournal(podsDir),
    files: createPodFiles({
      podsDir,
      clusterDNS: clusterDNSOf(config),
      clusterDomain: config.clusterDomain ?? 'cluster.local',
      resolvConfFile: config.resolvConf ?? '/etc/resolv.conf',
    }),
    probes: createProber({ runtime, clock, random }),
    seccompDir: path.join(stateDir, 'seccomp'),
    capacity,
    allocatable,
    volumes: (services) => createNodeVolumes({ ...services, stateDir, podsDir }),
    node: () => made.object(),
  });
  manager = node.manager;
  await Promise.race([cluster.services().synced, pause(clock, SERVICES_WAIT_MS, signal)]);
  await node.manager.start(signal);
  const stats = createStats({
    nodeName,
    runtime,
    clock,
    pods: () => node.manager.list(),
    volumes: node.services.volumes,
    machine: machineFigures({ stateDir, shared: config.hostNetworkContainer !== undefined, memoryBytes: version.memoryBytes, nowMs: clock.now() }),
  });
  const server = config.kubelet === undefined ? undefined : await serveKubelet(config, config.kubelet, runtime, node.manager, stats, () => health.problem(), cluster);
  networkProblem = undefined;
  started.resolve();
  made.changed();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await server?.close();
  proxy.close();
  await Promise.all(dns.map((one) => one.close()));
  cluster.close();
  runtime.close();
}
