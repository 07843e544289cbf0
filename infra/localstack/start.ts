/**
 * `npm run localstack`: the same cluster with no servers, on an emulator. Starts the emulator (or takes the one in AWS_ENDPOINT_URL), deploys the real CDK
 * app, runs the deployed functions in the local gateway, and joins nodes on this machine's Docker. `--stop` leaves nothing.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { awsKubeconfig } from '../../cli/cluster/kubeconfig.ts';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { clusterFiles, type ClusterFiles, readState, SERVICE_CIDR, writeFile, writeState } from '../local/cluster.ts';
import { dockerSocket, ensureHost } from '../local/docker/ensure.ts';
import { ensureClusterBridge } from '../local/host-network/bridge.ts';
import { ensureNodes, pickNetwork } from '../local/nodes.ts';
import { type StartOptions, startOptions } from '../local/options.ts';
import { freePort, machineAddress } from '../local/host-network/machine.ts';
import { ensurePki } from '../local/pki/pki.ts';
import { lastLines, type ProgramFiles, startProgram, stopProgram, supervisor } from '../local/processes/processes.ts';
import { endBelow } from '../local/processes/strays.ts';
import { progress, type Progress } from '../local/progress.ts';
import { agentConfig, SIMULATED_AGENT } from '../local/programs.ts';
import { stopCluster } from '../local/stop-cluster.ts';
import { agentKey, type PlaceConfig } from './config.ts';
import { emulatorCommand, emulatorEnvironment, emulatorReady, ensureEmulator } from './emulator.ts';
import { codeFolder } from './place.ts';

const STACK = 'paperplane';
const REGION = 'us-east-1';
/** The CDK remembers the account by the key's id. */
const KEY_ID = 'paperplanelocal';
const SECRET = 'paperplane-local';
const API_LIMIT_MS = 120_000;
const DEPLOY_LIMIT_MS = 600_000;
const LOG_LINES = 15;
const LEDGER = '--ledger=';
const HELP = `Usage: npm run localstack -- [options of npm start] [--nasty] [--ledger=FILE] | --stop
  --nasty                 cold starts, throttles, duplicates and delays, as often as can be borne
  --ledger=FILE           a line for every call of AWS, to be counted (npm run cost)
  --stop                  end it and leave nothing
  AWS_ENDPOINT_URL        an emulator that runs already is used as it is
  AWS_ENDPOINT_URL_DYNAMODB   the table is kept here instead: DynamoDB Local`;

class LocalstackFailed extends Error {
  readonly code = 'LOCALSTACK_FAILED';
}

const emulatorFiles = (files: ClusterFiles): ProgramFiles & { readonly config: string } => ({
  config: join(files.root, 'emulator'),
  pidFile: join(files.root, 'run', 'emulator.pid'),
  logFile: join(files.logs, 'emulator.log'),
});

const brokenProgram = (what: string, at: ProgramFiles) => (): string | undefined =>
  supervisor(at) === undefined ? `${what} ended; the end of ${at.logFile}:\n${lastLines(at.logFile, LOG_LINES)}` : undefined;

/** The emulator's endpoint; our own is started where none is given. */
async function ensureEndpoint(files: ClusterFiles, show: Progress): Promise<string> {
  const given = process.env['AWS_ENDPOINT_URL'];
  if (given !== undefined && given !== '') {
    show.step(`using the emulator at ${given}`);
    await emulatorReady(given, () => undefined);
    return given;
  }
  show.step('installing the emulator');
  await ensureEmulator();
  const at = emulatorFiles(files);
  const before = existsSync(at.config) && supervisor(at) !== undefined ? Number(readFileSync(at.config, 'utf8')) : undefined;
  const port = before ?? (await freePort());
  mkdirSync(files.root, { recursive: true });
  writeFileSync(at.config, String(port));
  show.step('starting the emulator');
  await startProgram(at, emulatorCommand(), emulatorCommand()[0]!, emulatorEnvironment(port));
  const endpoint = `http://127.0.0.1:${port}`;
  await emulatorReady(endpoint, brokenProgram('the emulator', at));
  return endpoint;
}

/** `node-2` is the instance `i-00000000000000002`: events speak of instances. */
const instanceId = (node: string): string => `i-${node.replaceAll(/\D/g, '').padStart(17, '0')}`;

const awsEnvironment = (endpoint: string): NodeJS.ProcessEnv => ({
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: KEY_ID,
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_REGION: REGION,
  AWS_PROFILE: '',
});

/** The real app, by the real command; its output is shown when it fails. */
async function deploy(endpoint: string, files: ClusterFiles): Promise<void> {
  // an output of its own: the CDK lets one program at a time write into one
  const args = ['deploy', '-c', 'local=true', '-c', 'removeState=true', '-c', `name=${STACK}`, '--require-approval', 'never', '--ci', '--output', join(files.root, 'cdk.out')];
  const log = join(files.logs, 'deploy.log');
  mkdirSync(files.logs, { recursive: true });
  const child = spawn(process.execPath, [join(repositoryRoot, 'infra', 'aws', 'cdk.ts'), ...args], {
    env: awsEnvironment(endpoint),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEPLOY_LIMIT_MS,
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (exit) => resolve(exit ?? 1)));
  writeFileSync(log, Buffer.concat(parts));
  if (code !== 0) throw new LocalstackFailed(`the deployment failed; the end of ${log}:\n${lastLines(log, LOG_LINES)}`);
}

/** Options beside those of `npm start`. */
interface Own {
  readonly nasty: boolean;
  readonly ledger: string | undefined;
}

async function bringUp(options: StartOptions, { nasty, ledger }: Own, show: Progress): Promise<string> {
  const files = clusterFiles(options.dataDir);
  const before = readState(files);
  const nodeCount = options.nodes ?? before?.nodes.length ?? 2;
  const simulated = options.simulatedNodes ?? before?.simulatedNodes ?? 0;
  const socketPath = nodeCount > 0 ? (before?.dockerSocket ?? dockerSocket()) : undefined;
  if (socketPath !== undefined) await ensureHost((text) => show.step(text), join(files.logs, 'dockerd.log'), socketPath);
  const endpoint = await ensureEndpoint(files, show);
  show.step('deploying the CDK app');
  await deploy(endpoint, files);
  show.step('preparing certificates');
  const pki = await ensurePki(files.pki, options.name, Date.now());
  const network = nodeCount > 0 ? await pickNetwork(options.name, nodeCount, before) : undefined;
  const apiAddress = network?.hostAddress ?? machineAddress();
  const port = options.port ?? before?.port ?? (await freePort());
  const kubeconfig = options.kubeconfig ?? join(files.root, 'kubeconfig');
  const state = writeState(files, {
    name: options.name,
    port,
    podCIDR: network?.podCIDR ?? before?.podCIDR ?? '10.244.0.0/16',
    ...(network === undefined ? {} : { nodeSubnet: network.nodeSubnet }),
    nodes: network?.nodes ?? [],
    simulatedNodes: simulated,
    ...(socketPath === undefined ? {} : { dockerSocket: socketPath }),
    kubeconfig,
  });
  const listen = network === undefined ? ['127.0.0.1'] : ['127.0.0.1', network.hostAddress];
  const serving = await pki.leaf({ file: 'gateway', commonName: 'paperplane-gateway', usage: 'server', dnsNames: ['localhost', 'kubernetes.default.svc'], addresses: [...listen] });
  const kubeletClient = await pki.leaf({ file: 'apiserver-kubelet-client', commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usage: 'client' });
  const tokenFile = (name: string): string => join(files.agent(name).stateDir, 'aws-token');
  const tableEndpoint = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
  const known = existsSync(files.controlPlane.config) ? (JSON.parse(readFileSync(files.controlPlane.config, 'utf8')) as Partial<PlaceConfig>).agentsDoor : undefined;
  const agentsDoor = network && (known ?? { address: network.hostAddress, port: await freePort(), sqsPort: await freePort(), dynamodbPort: await freePort() });
  const config: PlaceConfig = {
    endpoint,
    ...(tableEndpoint === '' ? {} : { tableEndpoint }),
    region: REGION,
    accessKeyId: KEY_ID,
    secretAccessKey: SECRET,
    stack: STACK,
    cluster: options.name,
    podCIDR: state.podCIDR,
    serviceCIDR: SERVICE_CIDR,
    listen,
    port,
    apiAddress,
    serving,
    caFile: pki.caFile,
    kubeletClient,
    codeFolder: codeFolder(files.root),
    agents: [
      ...state.nodes.map(({ name }) => ({ name, role: 'node' as const })),
      ...(simulated > 0 ? [{ name: SIMULATED_AGENT, role: 'simulated' as const, tokenFile: tokenFile(SIMULATED_AGENT) }] : []),
    ],
    ...(agentsDoor === undefined ? {} : { agentsDoor }),
    nasty,
    ...(ledger === undefined ? {} : { ledger }),
  };
  const same = existsSync(files.controlPlane.config) && isDeepStrictEqual(JSON.parse(readFileSync(files.controlPlane.config, 'utf8')), JSON.parse(JSON.stringify(config)));
  // other nodes, another address: it is told anew
  if (!same) await stopProgram(files.controlPlane, files.controlPlane.config);
  const running = supervisor(files.controlPlane) !== undefined;
  const said = existsSync(files.controlPlane.logFile) ? statSync(files.controlPlane.logFile).size : 0;
  writeFile(files.controlPlane.config, config);
  show.step('starting the gateway');
  // it listens on the bridge's address too
  if (network !== undefined) await ensureClusterBridge({ cluster: options.name, subnet: network.nodeSubnet, podCIDR: network.podCIDR });
  const node = process.execPath;
  const program = join(repositoryRoot, 'infra', 'localstack', 'gateway-main.ts');
  await startProgram(files.controlPlane, [node, program, '--config', files.controlPlane.config], files.controlPlane.config);

  const kubeconfigText = awsKubeconfig({
    api: `https://127.0.0.1:${port}`,
    cluster: options.name,
    region: REGION,
    login: 'paperplane',
    program: [node, join(repositoryRoot, 'cli', 'main.ts')],
    ca: readFileSync(pki.caFile, 'utf8'),
    env: { AWS_ACCESS_KEY_ID: KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET },
  });
  mkdirSync(join(kubeconfig, '..'), { recursive: true });
  writeFileSync(kubeconfig, kubeconfigText, { mode: 0o600 });

  const broken = brokenProgram('the gateway', files.controlPlane);
  const ready = (): boolean => running || readFileSync(files.controlPlane.logFile).subarray(said).includes('"message":"ready after');
  for (const end = Date.now() + API_LIMIT_MS; !ready(); await new Promise((resolve) => setTimeout(resolve, 100))) {
    const why = broken() ?? (Date.now() > end ? 'the gateway does not come up' : undefined);
    if (why !== undefined) throw new LocalstackFailed(why);
  }
  show.step('joining the nodes');
  const main = join(repositoryRoot, 'node-agent', 'main.ts');
  await ensureNodes(state, network, async (local, containerPid, containerId) => {
    const at = files.agent(local.name);
    const { credential: _, ...base } = (await agentConfig(files, state, pki, { node: local, containerId, apiAddress })) as { readonly credential: unknown };
    const { address, port: doorPort, sqsPort, dynamodbPort } = agentsDoor!;
    // as on an instance: the door's URL, requests that are signed, the node's own queue and items
    const aws = { region: REGION, endpoints: { sqs: `http://${address}:${sqsPort}`, dynamodb: `http://${address}:${dynamodbPort}` } };
    writeFile(at.config, { ...base, server: `https://${address}:${doorPort}`, aws, providerID: `aws:///${REGION}a/${instanceId(local.name)}` });
    const env = { ...process.env, AWS_ACCESS_KEY_ID: agentKey(local.name), AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: '' };
    await startProgram(at, ['nsenter', `--net=/proc/${containerPid}/ns/net`, node, main, '--aws-config', at.config], at.config, env);
  });
  if (simulated > 0) {
    const at = files.agent(SIMULATED_AGENT);
    writeFile(at.config, { ...(await agentConfig(files, state, pki, { simulated, apiAddress })), credential: { tokenFile: tokenFile(SIMULATED_AGENT) } });
    await startProgram(at, [node, main, '--config', at.config], at.config);
  }
  return kubeconfig;
}

async function stop(options: StartOptions): Promise<void> {
  const files = clusterFiles(options.dataDir);
  await stopProgram(files.controlPlane, files.controlPlane.config);
  // a gateway that had to be killed leaves its environments
  await endBelow(codeFolder(files.root));
  const at = emulatorFiles(files);
  await stopProgram(at, emulatorCommand()[0]!);
  await stopCluster(files, options.name, { purge: true });
  rmSync(files.root, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const began = Date.now() - process.uptime() * 1000;
  const args = process.argv.slice(2);
  const own = ['--nasty', '--stop'];
  const given = args.filter((arg) => !own.includes(arg) && !arg.startsWith(LEDGER));
  const ledger = args.find((arg) => arg.startsWith(LEDGER))?.slice(LEDGER.length);
  const options = startOptions(given.some((arg) => arg === '--name' || arg.startsWith('--name=')) ? given : ['--name', 'localstack', ...given]);
  if ('help' in options) {
    process.stdout.write(`${HELP}\n\n${options.help}\n`);
    return 0;
  }
  if (args.includes('--stop')) {
    await stop(options);
    return 0;
  }
  const show = progress(process.stderr, began);
  let kubeconfig: string;
  try {
    kubeconfig = await bringUp(options, { nasty: args.includes('--nasty'), ledger }, show);
  } finally {
    show.end();
  }
  process.stdout.write(
    `\n${options.name} is ready: KUBECONFIG=${kubeconfig} kubectl get nodes\nEnd it with: npm run localstack -- --stop${options.name === 'localstack' ? '' : ` --name ${options.name}`}\n`,
  );
  if (options.detach) return 0;
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => {}, 3600_000);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
  await stop(options);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`paperplane: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
