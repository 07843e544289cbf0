/** Kubernetes' own API server over etcd, in a folder of its own that goes with it. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOLERATION_SECONDS } from '../../infra/local/programs.ts';
import { startProgram, upstreamProgram } from './upstream.ts';

/** Milliseconds until it has made its roles and priority levels, on a busy machine. */
const START_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 500;
const HOST = '127.0.0.1';

export interface Kubernetes {
  readonly host: string;
  readonly port: number;
  /** Of a member of system:masters. */
  readonly token: string;
  /** For clients that want a file; it goes with the folder. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request({ host: HOST, port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: LOOK_EVERY_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });

const kubeconfigText = (port: number, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: { server: `https://${HOST}:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'kubernetes', context: { cluster: 'kubernetes', user: 'admin' } }],
    'current-context': 'kubernetes',
  });

/**
 * Without controllers. `durable`: etcd syncs what it writes, as it does in earnest; `accounts`: pods have a service account. Undefined where the two programs are not at hand. @throws Error with what they said where they do not start
 */
export async function startKubernetes({ durable, accounts }: { readonly durable: boolean; readonly accounts: boolean }): Promise<Kubernetes | undefined> {
  const [etcd, apiserver] = [upstreamProgram('etcd'), upstreamProgram('kube-apiserver')];
  if (etcd === undefined || apiserver === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'paperplane-kubernetes-'));
  const [port, client, peer] = (await freePorts(3)) as [number, number, number];
  const token = randomUUID();
  const key = join(folder, 'service-account.key');
  writeFileSync(key, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }));
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const programs = [
    startProgram(etcd, [
      '--data-dir',
      join(folder, 'etcd'),
      ...(durable ? [] : ['--unsafe-no-fsync']),
      '--listen-client-urls',
      clients,
      '--advertise-client-urls',
      clients,
      '--listen-peer-urls',
      peers,
      '--initial-advertise-peer-urls',
      peers,
      '--initial-cluster',
      `default=${peers}`,
    ]),
    startProgram(apiserver, [
      '--etcd-servers',
      clients,
      '--secure-port',
      String(port),
      '--bind-address',
      '127.0.0.1',
      '--cert-dir',
      join(folder, 'certificates'),
      '--token-auth-file',
      join(folder, 'tokens.csv'),
      '--authorization-mode',
      'Node,RBAC',
      '--enable-admission-plugins',
      'NodeRestriction',
      '--allow-privileged',
      ...(accounts ? [] : ['--disable-admission-plugins', 'ServiceAccount']),
      '--service-account-key-file',
      key,
      '--service-account-signing-key-file',
      key,
      '--service-account-issuer',
      'https://kubernetes.default.svc',
      '--service-cluster-ip-range',
      '10.96.0.0/12',
      // as the cluster that it is compared with
      '--default-not-ready-toleration-seconds',
      String(TOLERATION_SECONDS),
      '--default-unreachable-toleration-seconds',
      String(TOLERATION_SECONDS),
    ]),
  ];
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText(port, token), { mode: 0o600 });
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  for (const until = Date.now() + START_LIMIT_MS; ;) {
    if (await isReady(port)) return { host: HOST, port, token, kubeconfig, stop };
    if (Date.now() > until) {
      const said = programs.map((program) => program.said().slice(-2000)).join('\n');
      await stop();
      throw new Error(`kube-apiserver is not ready: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
