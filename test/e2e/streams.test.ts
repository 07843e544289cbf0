/** What runs between a user's terminal and a container: logs, exec, attach, copies, forwarded ports, proxies. By the real kubectl on real containers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster, until } from '../helpers/cluster.ts';
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';
import { controller, pod, service, shell } from '../helpers/objects.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: streams of real containers (they need root)');

const cluster = testCluster(2);
const { ok, talk, talkOnTerminal } = cluster;
const folder = mkdtempSync(join(tmpdir(), 'paperplane-streams-'));

/** Prints what is written into its pipe; the word `end` ends it. */
const PRINTER = 'mkfifo /tmp/p; echo begun; exec 3<>/tmp/p; while read line <&3; do echo "$line"; [ "$line" != end ] || exit 0; done';
const say = (name: string, line: string): Promise<string> => ok(['exec', name, '--', 'sh', '-c', `echo '${line}' > /tmp/p`]);

describe.skipIf(!isRoot)('streams', () => {
  beforeAll(async () => {
    expect((await cluster.start()).code).toBe(0);
    expect(await ensureTestImage()).toBeUndefined();
    await cluster.create(
      pod('printer', [shell('main', PRINTER)], { restartPolicy: 'Never' }),
      pod('pair', [shell('one', 'echo from one; exec sleep 3600'), shell('two', 'echo from two >&2; exec sleep 3600')]),
      controller('web', 1, [shell('web', 'echo "I am $HOSTNAME" > /tmp/name; exec httpd -f -p 8080 -h /tmp', { ports: [{ name: 'http', containerPort: 8080 }] })]),
      service('web', [{ name: 'http', port: 80, targetPort: 'http' }]),
    );
    await cluster.wait('pod/printer pod/pair', 'condition=Ready');
    await cluster.wait('rc/web', 'jsonpath={.status.readyReplicas}=1');
  }, 400_000);
  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  test('logs -f shows each line as it is printed, and ends with the container', async () => {
    const following = talk('logs', '-f', 'printer');
    await following.says('begun\n');
    for (const line of ['one', 'two', 'three']) {
      await say('printer', line);
      await following.says(`${line}\n`);
    }
    // its container ends while the command that told it so may still run
    await cluster.kubectl(['exec', 'printer', '--', 'sh', '-c', 'echo end > /tmp/p']);
    expect(await following.ended).toBe(0);
    expect(following.said()).toBe('begun\none\ntwo\nthree\nend\n');
    expect(await ok(['logs', 'printer', '--tail=2'])).toBe('three\nend\n');
    expect(await ok(['logs', 'printer', '--limit-bytes=8'])).toBe('begun\non');
    expect(await ok(['logs', 'printer', '--timestamps', '--tail=1'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z end\n$/);
    expect(await ok(['logs', 'printer', '--since-time=2100-01-01T00:00:00Z'])).toBe('');
    await cluster.wait('pod/printer', 'jsonpath={.status.phase}=Succeeded');
  });

  test('logs of one, of all containers, by selector; of a container that is not there', async () => {
    expect(await ok(['logs', 'pair', '-c', 'two'])).toBe('from two\n');
    expect(await ok(['logs', 'pair', '--all-containers', '--prefix'])).toBe('[pod/pair/one] from one\n[pod/pair/two] from two\n');
    expect(await ok(['logs', '-l', 'app=pair', '--all-containers'])).toBe('from one\nfrom two\n');
    const missing = await cluster.kubectl(['logs', 'pair', '-c', 'three']);
    expect(missing).toMatchObject({ code: 1, stderr: 'error: container three is not valid for pod pair out of: one, two\n' });
    expect((await cluster.kubectl(['logs', 'printer', '--previous'])).stderr).toContain('previous terminated container "main" in pod "printer" not found');
  });

  test('exec on a terminal: its size, its echo, its exit code; the other output without one', async () => {
    const terminal = talkOnTerminal('exec', '-it', 'pair', '-c', 'one', '--', 'sh');
    await terminal.says('/ # ');
    terminal.write('stty size; tty; echo $((40 + 2))\n');
    await terminal.says(/33 101\r\n\/dev\/pts\/\d+\r\n42\r\n/);
    terminal.write('exit 7\n');
    expect(await terminal.ended).toBe(7);
    const plain = await cluster.kubectl(['exec', 'pair', '-c', 'one', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(plain).toMatchObject({ code: 42, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 42\n' });
    const missing = await cluster.kubectl(['exec', 'pair', '-c', 'one', '--', 'no-such-program']);
    expect(missing.code).toBe(126);
    expect(missing.stdout + missing.stderr).toContain('"no-such-program": executable file not found');
    const ended = await cluster.kubectl(['exec', 'printer', '--', 'true']);
    expect(ended.stderr).toContain('cannot exec into a container in a completed pod; current phase is Succeeded');
  });

  test('a megabyte goes through exec and comes back as it was', async () => {
    const bytes = Array.from({ length: 65_536 }, (_, index) => `${index}`.padStart(15, '.')).join('\n');
    expect(await ok(['exec', '-i', 'pair', '-c', 'two', '--', 'cat'], bytes)).toBe(bytes);
  });

  test('attach: what is typed reaches the process, what it prints comes back, by a terminal too', async () => {
    await cluster.create(
      pod('listener', [shell('main', 'while read line; do echo "heard $line"; done', { stdin: true })]),
      pod('terminal', [shell('main', 'while read line; do echo "heard $line"; done', { stdin: true, tty: true })]),
    );
    await cluster.wait('pod/listener pod/terminal', 'condition=Ready');
    const piped = talk('attach', '-i', 'listener');
    piped.write('this\n');
    await piped.says('heard this\n');
    await piped.kill();
    const typed = talkOnTerminal('attach', '-it', 'terminal');
    typed.write('that\n');
    await typed.says('heard that\r\n');
    await typed.kill();
    expect(await ok(['logs', 'listener'])).toBe('heard this\n');
    await ok(['delete', 'pod', 'listener', 'terminal', '--grace-period=1', '--wait=false']);
  });

  test('run -it --rm gives a shell in a pod of its own and takes it away again', async () => {
    const shellPod = talkOnTerminal('run', 'shell', '-it', '--rm', `--image=${TEST_IMAGE}`, '--restart=Never', '--command', '--', 'sh');
    await shellPod.says('/ # ');
    shellPod.write('echo $HOSTNAME is here; exit\n');
    await shellPod.says('shell is here\r\n');
    await shellPod.says('pod "shell" deleted');
    expect(await shellPod.ended).toBe(0);
  });

  test('debug puts a container beside those of a running pod', async () => {
    const debug = talkOnTerminal('debug', '-it', 'pair', `--image=${TEST_IMAGE}`, '--container=look', '--target=one', '--', 'sh');
    await debug.says('/ # ');
    // it shares the target's processes
    debug.write('ps | grep -c "[s]leep 3600"; exit\n');
    await debug.says(/\n1\r\n/);
    await debug.ended;
    await cluster.wait('pod/pair', 'jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0');
  });

  test('cp carries a file in and out', async () => {
    const there = join(folder, 'there');
    writeFileSync(there, 'carried\n');
    await ok(['cp', there, 'pair:/tmp/there', '-c', 'one']);
    await ok(['cp', 'pair:/tmp/there', join(folder, 'back'), '-c', 'one']);
    expect(readFileSync(join(folder, 'back'), 'utf8')).toBe('carried\n');
  });

  test('port-forward to a pod, by its controller and by its service', async () => {
    const name = await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}']);
    for (const [what, port] of [
      [`pod/${name}`, ':8080'],
      ['rc/web', ':http'],
      ['service/web', ':http'],
    ] as const) {
      const forward = talk('port-forward', what, port);
      const [, local] = await forward.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080\n/);
      const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(`http://127.0.0.1:${local}/name`).then((answer) => answer.text())));
      expect(new Set(answers)).toEqual(new Set([`I am ${name}\n`]));
      await forward.kill('SIGINT');
    }
    const closed = talk('port-forward', `pod/${name}`, ':9');
    const [, local] = await closed.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 9\n/);
    await fetch(`http://127.0.0.1:${local}/`).catch(() => undefined);
    await closed.says('failed to connect to localhost:9 inside the namespace of the pod: connect ECONNREFUSED 127.0.0.1:9');
    await closed.kill('SIGINT');
  });

  test('proxy to pods, services and nodes through the API server', async () => {
    const name = await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}']);
    const raw = (path: string): Promise<string> => ok(['get', '--raw', path]);
    expect(await raw(`/api/v1/namespaces/default/pods/${name}:8080/proxy/name`)).toBe(`I am ${name}\n`);
    expect(await raw('/api/v1/namespaces/default/services/web:http/proxy/name')).toBe(`I am ${name}\n`);
    expect(await raw('/api/v1/namespaces/default/services/http:web:80/proxy/name')).toBe(`I am ${name}\n`);
    const node = await ok(['get', 'pod', name, '-o', 'jsonpath={.spec.nodeName}']);
    expect(await raw(`/api/v1/nodes/${node}/proxy/healthz`)).toBe('ok');
    expect(JSON.parse(await raw(`/api/v1/nodes/${node}/proxy/pods`))).toMatchObject({ kind: 'PodList', items: expect.arrayContaining([expect.objectContaining({ kind: 'Pod' })]) });
    expect((await cluster.kubectl(['get', '--raw', '/api/v1/namespaces/default/services/nobody/proxy/'])).stderr).toContain('NotFound');
    const proxy = talk('proxy', '--port=0');
    const [, port] = await proxy.says(/Starting to serve on 127\.0\.0\.1:(\d+)/);
    expect(await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/services/web:http/proxy/name`).then((answer) => answer.text())).toBe(`I am ${name}\n`);
    await proxy.kill('SIGINT');
  });

  test('figures of a node and its pods; a pod that outgrows its folder is evicted', async () => {
    await cluster.create(
      pod('hog', [shell('main', 'dd if=/dev/zero of=/data/file bs=1024 count=3000; while :; do :; done', { volumeMounts: [{ name: 'data', mountPath: '/data' }] })], {
        volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }],
      }),
    );
    await cluster.create(
      pod('scribbler', [shell('main', 'dd if=/dev/zero of=/tmp/file bs=1024 count=3000; exec sleep 3600', { resources: { limits: { 'ephemeral-storage': '1Mi' } } })]),
    );
    await cluster.wait('pod/hog', 'condition=Ready');
    const node = await ok(['get', 'pod', 'hog', '-o', 'jsonpath={.spec.nodeName}']);
    interface Summary {
      readonly node: { readonly memory: { readonly workingSetBytes: number }; readonly fs: { readonly capacityBytes: number } };
      readonly pods: readonly {
        readonly podRef: { readonly name: string };
        readonly cpu: { readonly usageCoreNanoSeconds: number };
        readonly memory: { readonly workingSetBytes: number };
      }[];
    }
    const hog = (one: Summary) => one.pods.find(({ podRef }) => podRef.name === 'hog')!;
    const summary = await until(
      async () => JSON.parse(await ok(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`])) as Summary,
      (one) => hog(one).cpu.usageCoreNanoSeconds > 1e6,
    );
    expect(summary.node.memory.workingSetBytes).toBeGreaterThan(10e6);
    expect(summary.node.fs.capacityBytes).toBeGreaterThan(1e9);
    expect(hog(summary).memory.workingSetBytes).toBeGreaterThan(1e4);
    expect(await ok(['get', '--raw', `/api/v1/nodes/${node}/proxy/metrics/resource`])).toMatch(/pod_cpu_usage_seconds_total\{namespace="default",pod="hog"\} \d/);
    await cluster.wait('pod/hog', 'jsonpath={.status.phase}=Failed');
    expect(await ok(['get', 'pod', 'hog', '-o', 'jsonpath={.status.reason}: {.status.message}'])).toBe('Evicted: Usage of EmptyDir volume "data" exceeds the limit "1Mi". ');
    await cluster.wait('pod/scribbler', 'jsonpath={.status.phase}=Failed');
    expect(await ok(['get', 'pod', 'scribbler', '-o', 'jsonpath={.status.reason}: {.status.message}'])).toBe(
      'Evicted: Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
    );
  });
});
