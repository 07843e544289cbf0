/** Kubernetes' own API server over etcd, in a folder of its own that goes with it. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOLERATION_SECONDS } from '../../infra/local/programs.ts';
import { startProgram, upstreamProgram } from '../helpers/upstream.ts';
import { type Side, sideOf } from './side.ts';

/** Milliseconds until it has made its roles and priority levels, on a busy machine. */
const START_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 500;

export interface Kubernetes {
  readonly side: Side;
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

/** Undefined where the two programs are not at hand. @throws Error with what they said where they do not start */
export async function startKubernetes(): Promise<Kubernetes | undefined> {
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
      '--unsafe-no-fsync',
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
  const side = sideOf('kube-apiserver', { host: '127.0.0.1', port, token });
  const stop = async (): Promise<void> => {
    side.close();
    await Promise.all(programs.map((program) => program.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  for (const until = Date.now() + START_LIMIT_MS; ;) {
    const ready = await side.ask({ method: 'GET', path: '/readyz' }).catch(() => undefined);
    if (ready?.status === 200) return { side, stop };
    if (Date.now() > until) {
      const said = programs.map((program) => program.said().slice(-2000)).join('\n');
      await stop();
      throw new Error(`kube-apiserver is not ready: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
