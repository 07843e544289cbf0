/** `npm start`: from whatever there is to a cluster whose nodes are Ready, then the screen that says so. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { type ApiProbe, apiProbe } from './api-probe.ts';
import { type ClusterFiles, clusterFiles, type ClusterState, readState, writeFile, writeState } from './cluster.ts';
import { dockerSocket, ensureHost } from './docker/ensure.ts';
import { CONTROL_PLANE_FLAGS, controlPlaneEnvironment } from './footprint.ts';
import { freePort, machineAddress, portIsFree } from './host-network/machine.ts';
import { defaultKubeconfig, writeAccess } from './kubeconfig/kubeconfig.ts';
import { DEFAULT_NAME, DEFAULT_NODES, DEFAULT_PORT, defaultDataDir, type StartOptions, startOptions } from './options.ts';
import { ensurePki, type Pki } from './pki/pki.ts';
import { endsCounted, lastLines, program, type ProgramFiles, startProgram, supervisor } from './processes/processes.ts';
import { type Progress, progress } from './progress.ts';
import { agentConfig, controlPlaneConfig, SIMULATED_AGENT, simulatedNames } from './programs.ts';
import { ensureNodes, pickNetwork } from './nodes.ts';
import { stopCluster, stopPrograms } from './stop-cluster.ts';

/** A cluster whose image layers and engine are there needs seconds; a first start of a slow engine a little more. */
const API_LIMIT_MS = 60_000;
const NODES_LIMIT_MS = 90_000;
const LOG_LINES = 15;

class StartFailed extends Error {
  readonly code = 'START_FAILED';
}

async function choosePort(options: StartOptions, state: ClusterState | undefined, running: boolean): Promise<number> {
  const wanted = options.port ?? state?.port;
  if (running && state !== undefined) {
    if (options.port !== undefined && options.port !== state.port) throw new StartFailed(`the cluster runs on port ${state.port}: stop it before it gets another`);
    return state.port;
  }
  if (wanted !== undefined) {
    if (!(await portIsFree(wanted))) throw new StartFailed(`port ${wanted} is in use: free it or give another one with --port`);
    return wanted;
  }
  return (await portIsFree(DEFAULT_PORT)) ? DEFAULT_PORT : freePort();
}

/** Programs that end this often while they are waited for will not come up. */
const ENDS_LIMIT = 3;

/** Why a program will not come up any more: its supervisor gave up, or it ends again and again; with the end of its log. */
function brokenProgram(files: readonly { readonly title: string; readonly at: ProgramFiles }[]): () => string | undefined {
  const ends = files.map(({ at }) => endsCounted(at));
  return () => {
    const dead = files.find(({ at }, index) => supervisor(at) === undefined || ends[index]!() >= ENDS_LIMIT);
    return dead === undefined ? undefined : `${dead.title} ended; the end of ${dead.at.logFile}:\n${lastLines(dead.at.logFile, LOG_LINES)}`;
  };
}

interface Started {
  readonly files: ClusterFiles;
  readonly state: ClusterState;
  readonly pki: Pki;
  readonly ready: number;
}

/** Folder by folder: Node's recursive way never ends on a file system that takes none. @throws StartFailed that names the option */
function ensureFolder(folder: string, option: string): void {
  try {
    const missing: string[] = [];
    for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const one of missing) mkdirSync(one, { mode: 0o700 });
    if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new StartFailed(`cannot write to ${folder} (${(error as Error).message}): name another place with ${option}`);
  }
}

async function bringUp(options: StartOptions, show: Progress): Promise<Started> {
  const files = clusterFiles(options.dataDir);
  const kubeconfigFile = options.kubeconfig ?? readState(files)?.kubeconfig ?? defaultKubeconfig();
  ensureFolder(dirname(kubeconfigFile), '--kubeconfig');
  const before = readState(files);
  const nodeCount = options.nodes ?? before?.nodes.length ?? DEFAULT_NODES;
  const simulated = options.simulatedNodes ?? before?.simulatedNodes ?? 0;
  const without = options.without ?? before?.without;
  const socketPath = nodeCount > 0 ? dockerSocket() : undefined;
  if (socketPath !== undefined) await ensureHost((text) => show.step(text), join(files.logs, 'dockerd.log'), socketPath);
  ensureFolder(files.root, '--data-dir');
  show.step('preparing certificates');
  const running = program(files.controlPlane, files.controlPlane.config) !== undefined;
  const port = await choosePort(options, before, running);
  const pki = await ensurePki(files.pki, options.name, Date.now());
  const network = nodeCount > 0 ? await pickNetwork(options.name, nodeCount, before) : undefined;
  const apiAddress = network?.hostAddress ?? machineAddress();
  const access = options.access ?? before?.access;
  const state = writeState(files, {
    name: options.name,
    port,
    podCIDR: network?.podCIDR ?? before?.podCIDR ?? '10.244.0.0/16',
    ...(network === undefined ? {} : { nodeSubnet: network.nodeSubnet }),
    nodes: network?.nodes ?? [],
    simulatedNodes: simulated,
    ...(without === undefined || without.length === 0 ? {} : { without }),
    ...(socketPath === undefined ? {} : { dockerSocket: socketPath }),
    kubeconfig: kubeconfigFile,
    ...(access === undefined ? {} : { access }),
  });

  show.step('starting the control plane');
  const admin = await pki.leaf({ file: 'admin', commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client' });
  const config = await controlPlaneConfig(files, state, pki, { apiAddress, listen: network === undefined ? ['127.0.0.1'] : ['127.0.0.1', network.hostAddress] });
  writeFile(files.controlPlane.config, config);
  const node = process.execPath;
  const root = join(import.meta.dirname, '..', '..');
  await startProgram(
    files.controlPlane,
    [node, ...CONTROL_PLANE_FLAGS, join(root, 'infra', 'local', 'control-plane.ts'), '--config', files.controlPlane.config],
    files.controlPlane.config,
    controlPlaneEnvironment(),
  );

  const tls = { ca: readFileSync(pki.caFile, 'utf8'), cert: readFileSync(admin.certFile, 'utf8'), key: readFileSync(admin.keyFile, 'utf8') };
  const probe: ApiProbe = apiProbe(port, tls);
  const agents = [...state.nodes.map(({ name }) => name), ...(simulated > 0 ? [SIMULATED_AGENT] : [])];
  try {
    const apiUp = probe.ready(API_LIMIT_MS, brokenProgram([{ title: 'the control plane', at: files.controlPlane }]));
    // nodes come up beside it: an agent waits for an API that is not there yet
    const spawned = Promise.all([
      ensureNodes(state, network, async (local, containerPid, containerId) => {
        const at = files.agent(local.name);
        writeFile(at.config, await agentConfig(files, state, pki, { node: local, containerId, apiAddress }));
        await startProgram(at, ['nsenter', `--net=/proc/${containerPid}/ns/net`, node, join(root, 'node-agent', 'main.ts'), '--config', at.config], at.config);
      }),
      (async () => {
        if (simulated === 0) return;
        const at = files.agent(SIMULATED_AGENT);
        writeFile(at.config, await agentConfig(files, state, pki, { simulated, apiAddress }));
        await startProgram(at, [node, join(root, 'node-agent', 'main.ts'), '--config', at.config], at.config);
      })(),
    ]);
    await Promise.all([apiUp, spawned]);
    await writeAccess(kubeconfigFile, { name: options.name, server: `https://127.0.0.1:${port}`, caPem: tls.ca, certPem: tls.cert, keyPem: tls.key });
    const names = [...state.nodes.map(({ name }) => name), ...simulatedNames(simulated)];
    if (before !== undefined) await Promise.all(before.nodes.filter(({ name }) => !names.includes(name)).map(({ name }) => probe.deleteNode(name)));
    if (names.length > 0) {
      show.step(`waiting for ${names.length} nodes`);
      let seen = 0;
      await probe.nodesReady(
        names,
        NODES_LIMIT_MS,
        (ready) => {
          if (ready !== seen) show.step(`nodes ready: ${ready} of ${names.length}`);
          seen = ready;
        },
        brokenProgram(agents.map((name) => ({ title: `the agent of ${name}`, at: files.agent(name) }))),
      );
    }
    return { files, state, pki, ready: names.length };
  } finally {
    probe.close();
  }
}

function stopCommand({ name, dataDir }: StartOptions): string {
  const words = [...(name === DEFAULT_NAME ? [] : ['--name', name]), ...(dataDir === defaultDataDir(name) ? [] : ['--data-dir', dataDir])];
  return `npm stop${words.length === 0 ? '' : ` -- ${words.join(' ')}`}`;
}

function readyScreen({ state }: Started, options: StartOptions, seconds: number): string {
  const own = options.kubeconfig === undefined && state.kubeconfig === defaultKubeconfig();
  const prefix = own ? '' : `KUBECONFIG=${state.kubeconfig} `;
  const plugins = join(import.meta.dirname, '..', '..', 'cli', 'plugins');
  const real = state.nodes.length;
  const lines = [
    '',
    `${pc.green('✔')} ${pc.bold(`${state.name} is ready`)} after ${seconds.toFixed(1)} s`,
    '',
    `  API         https://127.0.0.1:${state.port}`,
    `  nodes       ${real} on Docker${state.simulatedNodes > 0 ? `, ${state.simulatedNodes} simulated` : ''}${real === 0 ? ' (no Docker, no networks and no volumes were set up: simulated nodes run no programs)' : ''}`,
    `  kubeconfig  ${state.kubeconfig} (context ${state.name})`,
    '',
    '  Try:',
    `    ${prefix}kubectl get nodes -o wide`,
    `    ${prefix}kubectl apply -f examples/hello/`,
    '  No kubectl at hand? npm run -s kubectl -- get nodes',
    `  kubectl rolling-update and kubectl stop: export PATH="$PATH:${plugins}"`,
    '',
    options.detach ? `  Stop it with: ${stopCommand(options)}` : '  Ctrl-C stops it and keeps its state.',
    '',
  ];
  return lines.join('\n');
}

async function main(): Promise<number> {
  const began = Date.now() - process.uptime() * 1000;
  const options = startOptions(process.argv.slice(2));
  if ('help' in options) {
    process.stdout.write(`${options.help}\n`);
    return 0;
  }
  const show = progress(process.stderr, began);
  const files = clusterFiles(options.dataDir);
  const ran = supervisor(files.controlPlane) !== undefined;
  let started: Started;
  try {
    started = await bringUp(options, show);
  } catch (error) {
    // nothing half started is left behind; a cluster that ran before is left as it is
    if (!ran && existsSync(files.root)) await stopPrograms(files);
    show.end();
    throw error;
  }
  const seconds = show.elapsed();
  show.end();
  process.stdout.write(readyScreen(started, options, seconds));
  if (options.detach) return 0;
  await new Promise<void>((resolve) => {
    // timers keep this process alive; the cluster itself runs in others
    const alive = setInterval(() => {}, 3600_000);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
  process.stderr.write(`\nstopping ${options.name} ...\n`);
  await stopCluster(started.files, options.name, { purge: false });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`paperplane: ${(error as Error).message}\n`);
  if (!('code' in (error as object))) process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
}
