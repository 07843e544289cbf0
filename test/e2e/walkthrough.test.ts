/** The walk-through of the README on real containers: two nodes on this machine's Docker, driven by the real kubectl. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot, run, tool } from '#infra/tools/tools.ts';
import { testCluster, until } from '../helpers/cluster.ts';
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';
import { controller, service, shell } from '../helpers/objects.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: the walk-through on real containers (it needs root)');

const cluster = testCluster(2);
const { ok } = cluster;
const volume = join(cluster.dataDir, 'master-data');

const master = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'master' },
  spec: {
    replicas: 1,
    selector: { role: 'master' },
    template: {
      metadata: { labels: { role: 'master' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'master',
            image: TEST_IMAGE,
            command: ['sh', '-c', 'echo master is up; echo $HOSTNAME >> /data/starts; httpd -p 8080 -h /data; exec httpd -f -p 50000 -h /data'],
            ports: [
              { name: 'http', containerPort: 8080 },
              { name: 'slaves', containerPort: 50000 },
            ],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            livenessProbe: { httpGet: { path: '/starts', port: 8080 }, initialDelaySeconds: 5, timeoutSeconds: 5 },
          },
        ],
        volumes: [{ name: 'data', hostPath: { path: volume } }],
      },
    },
  },
});
const masterPod = (): Promise<string> => ok(['get', 'pods', '-l', 'role=master', '-o', 'jsonpath={.items[0].metadata.name}']);
/** What a kubectl that runs on has said once it says the words. */
async function talkUntil(args: readonly string[], words: string): Promise<string> {
  const talking = cluster.talk(...args);
  await talking.says(words);
  await talking.kill();
  return talking.said();
}
const readyReplicas = (name: string): Promise<string> => ok(['get', 'rc', name, '-o', 'jsonpath={.status.readyReplicas}']);

describe.skipIf(!isRoot)('from nothing to a running pod', () => {
  beforeAll(async () => {
    const started = await cluster.start();
    expect(started.stderr + started.stdout).toContain('is ready');
    expect(started.code).toBe(0);
    expect(await ensureTestImage()).toBeUndefined();
    mkdirSync(volume);
  }, 400_000);
  afterAll(async () => {
    await cluster.stop();
  }, 120_000);

  test('nodes are there, each with an address of its own', async () => {
    expect(await ok(['get', 'nodes', '--no-headers'])).toMatch(/node-1 +Ready[^\n]*\nnode-2 +Ready/);
    const addresses = (await ok(['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'])).split(' ');
    expect(new Set(addresses).size).toBe(2);
    expect(await ok(['cluster-info'])).toContain('https://127.0.0.1:');
    expect(await ok(['get', 'endpoints', '--all-namespaces'])).toContain('kubernetes');
  });

  test('a master: pending, running, its events, its log, a command in it', async () => {
    await ok(['create', '-f', '-'], master);
    await until(
      () => readyReplicas('master'),
      (ready) => ready === '1',
    );
    const pod = await masterPod();
    expect(await ok(['get', 'pod', pod, '--no-headers'])).toMatch(/1\/1 +Running +0/);
    const described = await until(
      () => ok(['describe', 'pod', pod]),
      (text) => text.includes('Started'),
    );
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(described).toContain(reason);
    expect(await ok(['logs', pod])).toBe('master is up\n');
    expect(await ok(['exec', pod, '--', 'id', '-u'])).toBe('0\n');
    expect((await cluster.kubectl(['exec', pod, '--', 'sh', '-c', 'exit 3'])).code).toBe(3);
    expect(await ok(['exec', '-i', pod, '--', 'cat'], 'through standard input')).toBe('through standard input');
  });

  test('what nodes and pods use, without a metrics server', async () => {
    expect(await ok(['top', 'nodes', '--no-headers'])).toMatch(/^node-1 +\d+m .*Mi .*\nnode-2 +\d+m .*Mi .*\n$/);
    expect(await ok(['top', 'pods', '-l', 'role=master', '--containers', '--no-headers'])).toMatch(/^master-\S+ +master +\d+m +\d+Mi *\n$/);
    expect((await cluster.kubectl(['top', 'pod', 'nobody'])).stderr).toContain('NotFound');
  });

  test('a killed container runs again within seconds, and its data is still there', async () => {
    const pod = await masterPod();
    const id = (await ok(['get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].containerID}'])).replace('docker://', '');
    const began = Date.now();
    expect((await run('docker', ['kill', id])).code).toBe(0);
    await until(
      () => ok(['get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}']),
      (state) => state === '1 true',
      30_000,
    );
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(readFileSync(join(volume, 'starts'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  test('a deleted pod is replaced', async () => {
    const pod = await masterPod();
    await ok(['delete', 'pod', pod]);
    await until(
      () => readyReplicas('master'),
      (ready) => ready === '1',
    );
    expect(await masterPod()).not.toBe(pod);
  });

  test('variables of earlier services, an empty folder shared by two containers, a secret', async () => {
    await ok(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'master' },
        spec: {
          selector: { role: 'master' },
          ports: [
            { name: 'http', port: 8080 },
            { name: 'slaves', port: 50000 },
          ],
        },
      }),
    );
    await ok(['create', 'secret', 'generic', 'login', '--from-literal=user=me']);
    await ok(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'pair' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'writer',
              image: TEST_IMAGE,
              command: ['sh', '-c', 'echo "$(MASTER_SERVICE_HOST):$(MASTER_PORT_50000_TCP_PORT)" > /shared/master; exec sleep 3600'],
              volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
            },
            {
              name: 'reader',
              image: TEST_IMAGE,
              command: ['sleep', '3600'],
              volumeMounts: [
                { name: 'shared', mountPath: '/shared' },
                { name: 'login', mountPath: '/login' },
              ],
            },
          ],
          volumes: [
            { name: 'shared', emptyDir: {} },
            { name: 'login', secret: { secretName: 'login' } },
          ],
        },
      }),
    );
    await until(
      () => ok(['get', 'pod', 'pair', '--no-headers']),
      (line) => /2\/2 +Running/.test(line),
    );
    const address = await ok(['get', 'service', 'master', '-o', 'jsonpath={.spec.clusterIP}']);
    expect(
      await until(
        () => ok(['exec', 'pair', '-c', 'reader', '--', 'cat', '/shared/master']),
        (text) => text !== '',
      ),
    ).toBe(`${address}:50000\n`);
    expect(await ok(['exec', 'pair', '-c', 'reader', '--', 'cat', '/login/user'])).toBe('me');
    expect(await ok(['exec', 'pair', '-c', 'reader', '--', 'grep', '/login', '/proc/mounts'])).toContain('tmpfs');
    expect(await ok(['exec', 'pair', '-c', 'reader', '--', 'cat', '/etc/resolv.conf'])).toContain('search default.svc.cluster.local svc.cluster.local cluster.local');
    await ok(['delete', 'pod', 'pair', '--wait=false']);
  });

  test('the service is reached by address, by name, and by its port on every node', async () => {
    const [ip, http] = (await ok(['get', 'service', 'master', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].port}'])).split(' ');
    await until(
      () => ok(['get', 'endpoints', 'master', '-o', 'jsonpath={.subsets[0].addresses[0].ip}']),
      (address) => address !== '',
    );
    await until(
      () =>
        ok(['get', 'pod', 'client', '--ignore-not-found', '--no-headers']).then(
          async (line) => line || ok(['run', 'client', `--image=${TEST_IMAGE}`, '--restart=Never', '--command', '--', 'sleep', '3600']),
        ),
      (line) => / Running /.test(line),
    );
    const inside = (...command: readonly string[]): Promise<string> => cluster.kubectl(['exec', 'client', '--', ...command]).then(({ stdout }) => stdout);
    for (const name of ['master', 'master.default.svc.cluster.local'])
      await until(
        () => inside('nslookup', name),
        (answer) => answer.includes(ip!),
        15_000,
      );
    await until(
      () => inside('nslookup', '-type=srv', '_slaves._tcp.master.default.svc.cluster.local'),
      (answer) => answer.includes('50000 master.default.svc.cluster.local'),
      15_000,
    );
    await until(
      () => inside('sh', '-c', `printf 'GET /starts HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${ip} ${http}`),
      (body) => body.includes('master-'),
      15_000,
    );
    await ok(['patch', 'service', 'master', '-p', '{"spec":{"type":"NodePort"}}']);
    const nodePort = await ok(['get', 'service', 'master', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    const nodes = (await ok(['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'])).split(' ');
    for (const node of nodes) {
      const read = (): Promise<string> =>
        fetch(`http://${node}:${nodePort}/starts`, { signal: AbortSignal.timeout(3_000) }).then(
          (answer) => answer.text(),
          (error: unknown) => String(error),
        );
      await until(read, (body) => body.includes('master-'), 15_000);
    }
    await ok(['delete', 'pod', 'client', '--grace-period=0', '--force']);
  });

  test('slaves find the master by its variables, are restarted when it goes, and a second one is put on the other node', async () => {
    await cluster.create(
      controller('slave', 1, [
        shell(
          'slave',
          'echo to $(MASTER_SERVICE_HOST):$(MASTER_SERVICE_PORT_HTTP); ask() { printf "GET /starts HTTP/1.0\\r\\n\\r\\n" | nc -w 3 $1 $2; }; ' +
            'ask $(MASTER_SERVICE_HOST) $(MASTER_SERVICE_PORT_HTTP) && echo connected; exec sleep 3600',
          {
            livenessProbe: {
              exec: { command: ['sh', '-c', 'nc -w 1 $MASTER_SERVICE_HOST $MASTER_SERVICE_PORT_HTTP < /dev/null'] },
              periodSeconds: 1,
              failureThreshold: 2,
              timeoutSeconds: 10,
            },
          },
        ),
      ]),
    );
    await cluster.wait('rc/slave', 'jsonpath={.status.readyReplicas}=1');
    await ok(['scale', 'rc', 'slave', '--replicas=2']);
    await cluster.wait('rc/slave', 'jsonpath={.status.readyReplicas}=2');
    const slaves = (await ok(['get', 'pods', '-l', 'app=slave', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
    expect(new Set((await ok(['get', 'pods', '-l', 'app=slave', '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(' ')).size).toBe(2);
    const address = await ok(['get', 'service', 'master', '-o', 'jsonpath={.spec.clusterIP}']);
    for (const slave of slaves) {
      const log = await talkUntil(['logs', '-f', slave], 'connected\n');
      expect(log).toContain(`to ${address}:8080\n`);
      expect(log).toMatch(/^master-/m);
    }

    await ok(['scale', 'rc', 'master', '--replicas=0']);
    await Promise.all(slaves.map((slave) => cluster.wait(`pod/${slave}`, 'jsonpath={.status.containerStatuses[0].restartCount}=1')));
    await ok(['scale', 'rc', 'master', '--replicas=1']);
    const events = await until(
      () => ok(['get', 'events', '--field-selector', `involvedObject.name=${slaves[0]}`, '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}']),
      (text) => text.includes('Killing'),
    );
    expect(events).toContain('Unhealthy: Liveness probe failed: ');
    expect(events).toContain('Killing: Container slave failed liveness probe, will be restarted');
    expect(await ok(['logs', slaves[0]!, '--previous'])).toContain('connected\n');
    await cluster.wait('rc/master', 'jsonpath={.status.readyReplicas}=1');
    for (const slave of slaves) await cluster.wait(`pod/${slave}`, 'condition=Ready');
  });

  test('rolling-update replaces them, stop ends them', async () => {
    expect((await run('docker', ['tag', TEST_IMAGE, 'paperplane/busybox:next'])).code).toBe(0);
    const path = `${join(repositoryRoot, 'cli', 'plugins')}:${process.env['PATH']}`;
    const updated = await run(tool('kubectl'), ['rolling-update', 'slave', '--image=paperplane/busybox:next', '--update-period=100ms', '--poll-interval=200ms'], {
      env: { KUBECONFIG: cluster.kubeconfig, PATH: path },
    });
    expect(updated.stdout).toMatch(/replicationcontroller "slave" rolling updated\n$/);
    expect(await ok(['get', 'pods', '-l', 'app=slave', '-o', 'jsonpath={.items[*].spec.containers[0].image}'])).toContain('paperplane/busybox:next paperplane/busybox:next');
    const stopped = await run(tool('kubectl'), ['stop', 'rc', 'slave'], { env: { KUBECONFIG: cluster.kubeconfig, PATH: path } });
    expect(stopped.stdout).toBe('replicationcontroller "slave" stopped\n');
  });

  test('the same host port and the same node port on two nodes; a third pod has to wait', async () => {
    await cluster.create(
      controller('front', 2, [shell('front', 'echo $HOSTNAME > /tmp/name; exec httpd -f -p 80 -h /tmp', { ports: [{ containerPort: 80, hostPort: 8099 }] })]),
      service('front', [{ port: 80, nodePort: 30999 }], { type: 'NodePort', externalTrafficPolicy: 'Local' }),
    );
    await cluster.wait('rc/front', 'jsonpath={.status.readyReplicas}=2');
    const pods = (await ok(['get', 'pods', '-l', 'app=front', '-o', 'jsonpath={range .items[*]}{.status.hostIP} {.metadata.name}{"\\n"}{end}'])).trim().split('\n');
    expect(new Set(pods.map((line) => line.split(' ')[0])).size).toBe(2);
    for (const [node, name] of pods.map((line) => line.split(' '))) {
      expect(await fetch(`http://${node}:8099/name`).then((answer) => answer.text())).toBe(`${name}\n`);
      const nodePort = (): Promise<string> =>
        fetch(`http://${node}:30999/name`, { signal: AbortSignal.timeout(2_000) }).then(
          (answer) => answer.text(),
          (error: unknown) => String(error),
        );
      expect(await until(nodePort, (text) => text.endsWith('\n'))).toBe(`${name}\n`);
    }
    // and from a pod of one node to the port of the other
    const [[, here], [there, name]] = pods.map((line) => line.split(' ')) as [[string, string], [string, string]];
    expect(await ok(['exec', here, '--', 'sh', '-c', `printf 'GET /name HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${there} 8099`])).toContain(`${name}\n`);
    await ok(['scale', 'rc', 'front', '--replicas=3']);
    const refused = "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports";
    await until(
      () => ok(['get', 'events', '--field-selector', 'reason=FailedScheduling', '-o', 'jsonpath={.items[*].message}']),
      (text) => text.includes(refused),
    );
    await ok(['delete', 'rc/front', 'service/front']);
    await cluster.wait('pod -l app=front', 'delete');
  });

  test('everything deleted, nothing is left in Docker', async () => {
    await ok(['delete', 'rc,svc,pods', '--all', '--ignore-not-found']);
    const left = async (): Promise<string> => (await run('docker', ['ps', '-aq', '--filter', `label=io.paperplane.cluster=${cluster.name}`])).stdout;
    await until(left, (ids) => ids === '', 60_000);
    const stopped = await cluster.stop([]);
    expect(stopped.stderr).toBe('');
    expect((await run('docker', ['ps', '-aq', '--filter', `label=paperplane.cluster=${cluster.name}`])).stdout).toBe('');
    expect((await run('nft', ['list', 'tables'])).stdout).not.toContain(cluster.name);
    expect(existsSync(cluster.dataDir)).toBe(true);
    rmSync(volume, { recursive: true, force: true });
  });
});
