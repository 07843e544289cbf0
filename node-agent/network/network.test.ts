/** The whole network of two nodes with real namespaces, cables and nftables. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndpointSlice, Service } from './services.ts';
import { datagram, get, getMany, inside, openNetwork, SERVICE_CIDR, testCluster, whyNot, type TestCluster, type TestNode, type TestPod } from './testing/cluster.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`SKIPPED node-agent/network/network.test.ts: ${reason}`);

const DNS = '10.96.0.10';
const meta = (name: string, labels?: Record<string, string>) => ({
  name,
  namespace: 'd',
  uid: name,
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...(labels === undefined ? {} : { labels }),
});
const service = (name: string, clusterIP: string, more: object = {}, ports: object[] = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }]): Service =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: meta(name), spec: { clusterIP, clusterIPs: [clusterIP], type: 'ClusterIP', ports, ...more } }) as unknown as Service;
type Ready = { readonly pod: TestPod; readonly node: TestNode; readonly hostname?: string; readonly conditions?: object };
const slice = (name: string, endpoints: readonly Ready[], ports: object[] = [{ name: 'http', protocol: 'TCP', port: 8080 }]): EndpointSlice =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta(`${name}-x`, { 'kubernetes.io/service-name': name }),
    addressType: 'IPv4',
    ports,
    endpoints: endpoints.map(({ pod, node, hostname, conditions }) => ({
      addresses: [pod.ip],
      nodeName: node.node,
      conditions: conditions ?? { ready: true },
      ...(hostname === undefined ? {} : { hostname }),
    })),
  }) as unknown as EndpointSlice;

describe.skipIf(reason !== undefined)('two nodes', { timeout: 60_000 }, () => {
  let cluster: TestCluster;
  let one: TestNode;
  let two: TestNode;
  let a: TestPod;
  let b: TestPod;
  let c: TestPod;

  async function apply(services: readonly Service[], slices: readonly EndpointSlice[]): Promise<void> {
    for (const node of [one, two]) {
      await node.call('apply', services, slices);
      await node.call('records', services, slices);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const openProxy = (node: TestNode): Promise<unknown> =>
    node.call('proxy', { nodeName: node.node, nodeIP: node.ip, clusterCIDR: cluster.podCIDR, serviceCIDR: SERVICE_CIDR, ownAddresses: [DNS] });
  const dig = (pod: TestPod, ...args: string[]): string => inside(pod.pid, 'dig', [`@${DNS}`, '+time=2', '+tries=1', '+short', ...args]);

  beforeAll(async () => {
    cluster = await testCluster('network-test');
    [one, two] = cluster.nodes;
    for (const node of cluster.nodes) {
      await openProxy(node);
      await node.call('dns', { address: DNS, clusterDomain: 'cluster.local', ranges: [SERVICE_CIDR, cluster.podCIDR], resolvers: [] });
    }
    a = await cluster.pod(one, 'a');
    b = await cluster.pod(one, 'b', [
      { hostPort: 9090, containerPort: 8080, protocol: 'TCP' },
      { hostPort: 9091, containerPort: 8080, protocol: 'TCP', hostIP: '127.0.0.1' },
      { hostPort: 9090, containerPort: 8080, protocol: 'UDP' },
    ]);
    c = await cluster.pod(two, 'c');
  }, 60_000);
  afterAll(() => cluster?.close(), 60_000);

  test('pods reach each other, their nodes and the host, under their own addresses', async () => {
    expect(get(a.pid, `http://${b.ip}:8080`)).toBe(`b ${a.ip}`);
    expect(get(a.pid, `http://${c.ip}:8080`)).toBe(`c ${a.ip}`);
    expect(get(a.pid, `http://${a.ip}:8080`)).toBe(`a ${a.ip}`);
    expect(get(undefined, `http://${c.ip}:8080`)).toBe(`c ${cluster.hostIP}`);
    expect(get(one.containerPid, `http://${c.ip}:8080`)).toBe(`c ${one.ip}`);
    const seen: string[] = [];
    const host = createServer((request, response) => {
      seen.push(request.socket.remoteAddress ?? '');
      response.end('host');
    });
    await new Promise<void>((resolve) => void host.listen(0, cluster.hostIP, resolve));
    const { port } = host.address() as { port: number };
    const { execFile } = await import('node:child_process');
    await new Promise((resolve) => void execFile('nsenter', [`--net=/proc/${c.pid}/ns/net`, process.execPath, '-e', `fetch('http://${cluster.hostIP}:${port}')`], resolve));
    host.close();
    expect(seen).toEqual([c.ip]);
  });

  test('nobody sends under the address of another', () => {
    inside(a.pid, 'ip', ['address', 'add', `${b.ip}/32`, 'dev', 'lo']);
    const answered = get(a.pid, `http://${c.ip}:8080`, b.ip);
    inside(a.pid, 'ip', ['address', 'delete', `${b.ip}/32`, 'dev', 'lo']);
    expect(answered).toBe('failed: timeout');
    // Nor at the node's loopback, which host ports need to be routable.
    inside(a.pid, 'ip', ['route', 'add', '127.9.0.0/16', 'via', b.ip]);
    expect(get(a.pid, `http://127.9.9.9:9091`)).toMatch(/^failed/);
  });

  test('host ports', () => {
    expect(get(undefined, `http://${one.ip}:9090`)).toBe(`b ${cluster.hostIP}`);
    expect(get(c.pid, `http://${one.ip}:9090`)).toBe(`b ${c.ip}`);
    expect(get(a.pid, `http://${one.ip}:9090`)).toBe(`b ${a.ip}`);
    expect(get(b.pid, `http://${one.ip}:9090`)).toMatch(/^b /);
    expect(get(undefined, `http://${two.ip}:9090`)).toBe('failed: ECONNREFUSED');
    expect(get(one.containerPid, 'http://127.0.0.1:9091')).toMatch(/^b /);
    expect(get(undefined, `http://${one.ip}:9091`)).toBe('failed: ECONNREFUSED');
    expect(datagram(undefined, one.ip, 9090)).toBe(`b ${cluster.hostIP}`);
  });

  test('a cluster IP balances, and leads a pod back to itself', async () => {
    await apply(
      [service('web', '10.96.1.1'), service('self', '10.96.1.2')],
      [
        slice('web', [
          { pod: a, node: one },
          { pod: c, node: two },
        ]),
        slice('self', [{ pod: a, node: one }]),
      ],
    );
    const answered = getMany(b.pid, 'http://10.96.1.1', 40);
    expect(new Set(answered)).toEqual(new Set(['a', 'c']));
    expect(answered.filter((name) => name === 'a').length).toBeGreaterThan(5);
    expect(get(c.pid, 'http://10.96.1.2')).toBe(`a ${c.ip}`);
    expect(get(a.pid, 'http://10.96.1.2')).toMatch(/^a /);
    expect(get(one.containerPid, 'http://10.96.1.2')).toMatch(/^a /);
    expect(get(two.containerPid, 'http://10.96.1.2')).toBe(`a ${two.ip}`);
  });

  test('no endpoints, no service: refused at once', async () => {
    await apply([service('web', '10.96.1.1')], [slice('web', [])]);
    expect(get(b.pid, 'http://10.96.1.1')).toBe('failed: ECONNREFUSED');
    expect(get(b.pid, 'http://10.96.77.77')).toBe('failed: ECONNREFUSED');
    expect(get(one.containerPid, 'http://10.96.1.1')).toBe('failed: ECONNREFUSED');
  });

  test('only ready endpoints, but serving ones rather than none', async () => {
    const terminating = { ready: false, serving: true, terminating: true };
    await apply(
      [service('web', '10.96.1.1')],
      [
        slice('web', [
          { pod: a, node: one },
          { pod: c, node: two, conditions: terminating },
        ]),
      ],
    );
    expect(new Set(getMany(b.pid, 'http://10.96.1.1', 10))).toEqual(new Set(['a']));
    await apply(
      [service('web', '10.96.1.1')],
      [
        slice('web', [
          { pod: a, node: one, conditions: { ready: false } },
          { pod: c, node: two, conditions: terminating },
        ]),
      ],
    );
    expect(new Set(getMany(b.pid, 'http://10.96.1.1', 10))).toEqual(new Set(['c']));
  });

  test('node ports on every node, from everywhere', async () => {
    const ports = [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 30080 }];
    await apply([service('web', '10.96.1.1', { type: 'NodePort' }, ports)], [slice('web', [{ pod: c, node: two }])]);
    expect(get(undefined, `http://${one.ip}:30080`)).toMatch(/^c /);
    expect(get(undefined, `http://${two.ip}:30080`)).toMatch(/^c /);
    expect(get(a.pid, `http://${one.ip}:30080`)).toMatch(/^c /);
    expect(get(a.pid, `http://${two.ip}:30080`)).toMatch(/^c /);
    expect(get(c.pid, `http://${two.ip}:30080`)).toMatch(/^c /);
    expect(get(one.containerPid, `http://${one.ip}:30080`)).toMatch(/^c /);
    // The rest of the world stays with the node it came to, and keeps its address.
    await apply([service('web', '10.96.1.1', { type: 'NodePort', externalTrafficPolicy: 'Local' }, ports)], [slice('web', [{ pod: c, node: two }])]);
    expect(get(undefined, `http://${two.ip}:30080`)).toBe(`c ${cluster.hostIP}`);
    expect(get(undefined, `http://${one.ip}:30080`)).toBe('failed: timeout');
    expect(get(a.pid, `http://${one.ip}:30080`)).toBe(`c ${a.ip}`);
    await apply([service('web', '10.96.1.1', { internalTrafficPolicy: 'Local' })], [slice('web', [{ pod: c, node: two }])]);
    expect(get(c.pid, 'http://10.96.1.1')).toMatch(/^c /);
    expect(get(a.pid, 'http://10.96.1.1')).toBe('failed: timeout');
  });

  test('external addresses and source ranges', async () => {
    const balancer = (ranges: readonly string[]) => ({
      ...service('web', '10.96.1.1', { type: 'LoadBalancer', externalIPs: ['198.51.100.7'], loadBalancerSourceRanges: ranges }),
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.8' }] } },
    });
    await apply([balancer([`${a.ip}/32`, '203.0.113.0/24', '203.0.113.0/28'])], [slice('web', [{ pod: c, node: two }])]);
    expect(get(b.pid, 'http://198.51.100.7')).toMatch(/^c /);
    expect(get(a.pid, 'http://198.51.100.8')).toMatch(/^c /);
    expect(get(b.pid, 'http://198.51.100.8')).toBe('failed: timeout');
    await apply([balancer([])], [slice('web', [{ pod: c, node: two }])]);
    expect(get(b.pid, 'http://198.51.100.8')).toMatch(/^c /);
  });

  test('a client stays with its endpoint while that lasts', async () => {
    const lasting = (timeoutSeconds: number) => service('web', '10.96.1.1', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } });
    // longer than an agent takes to come back on a loaded machine
    const affine = lasting(300);
    const both = [
      { pod: a, node: one },
      { pod: c, node: two },
    ];
    await apply([affine], [slice('web', both)]);
    const first = getMany(b.pid, 'http://10.96.1.1', 15);
    expect(new Set(first).size).toBe(1);
    // It is remembered through a new agent's first transaction.
    await one.restart();
    await openNetwork(one, cluster);
    await openProxy(one);
    await one.call('dns', { address: DNS, clusterDomain: 'cluster.local', ranges: [SERVICE_CIDR, cluster.podCIDR], resolvers: [] });
    await apply([affine], [slice('web', both)]);
    expect(new Set([...first, ...getMany(b.pid, 'http://10.96.1.1', 5)]).size).toBe(1);
    // And forgotten with the endpoint.
    const others = both.filter(({ pod }) => pod.name !== first[0]);
    await apply([affine], [slice('web', others)]);
    expect(new Set(getMany(b.pid, 'http://10.96.1.1', 5))).toEqual(new Set([others[0]!.pod.name]));
    // Or after the time out.
    await apply([lasting(1)], [slice('web', both)]);
    getMany(b.pid, 'http://10.96.1.1', 1);
    const remembered = (): boolean => inside(one.containerPid, 'nft', ['list', 'map', 'ip', 'paperplane-services', 'affinity']).includes('expires');
    while (remembered()) await new Promise((resolve) => setTimeout(resolve, 100));
  });

  test('datagrams move to another endpoint when theirs is gone', async () => {
    const ports = [{ name: 'u', protocol: 'UDP', port: 53 }];
    const slicePorts = [{ name: 'u', protocol: 'UDP', port: 8080 }];
    await apply([service('udp', '10.96.1.5', {}, ports)], [slice('udp', [{ pod: a, node: one }], slicePorts)]);
    expect(datagram(b.pid, '10.96.1.5', 53, 40_000)).toMatch(/^a /);
    await apply([service('udp', '10.96.1.5', {}, ports)], [slice('udp', [{ pod: c, node: two }], slicePorts)]);
    expect(datagram(b.pid, '10.96.1.5', 53, 40_000)).toMatch(/^c /);
  });

  test('names', async () => {
    const srv = [
      { name: 'http', protocol: 'TCP', port: 80 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ];
    await apply(
      [
        service('web', '10.96.1.1', {}, srv),
        service('db', 'None'),
        service('empty', 'None'),
        { ...service('out', ''), spec: { type: 'ExternalName', externalName: 'web.d.svc.cluster.local' } } as unknown as Service,
      ],
      [
        slice('web', [{ pod: a, node: one }]),
        slice('db', [
          { pod: a, node: one, hostname: 'db-0' },
          { pod: c, node: two, hostname: 'db-1' },
        ]),
      ],
    );
    expect(dig(a, 'web.d.svc.cluster.local')).toBe('10.96.1.1');
    expect(dig(c, 'WEB.d.svc.Cluster.local')).toBe('10.96.1.1');
    expect(dig(a, 'db.d.svc.cluster.local').split('\n').sort()).toEqual([a.ip, c.ip].sort());
    expect(dig(a, 'db-1.db.d.svc.cluster.local')).toBe(c.ip);
    expect(dig(a, '-t', 'SRV', '_http._tcp.web.d.svc.cluster.local')).toBe('0 100 80 web.d.svc.cluster.local.');
    expect(dig(a, '-t', 'SRV', '_http._tcp.db.d.svc.cluster.local').split('\n').sort()).toEqual([
      '0 50 8080 db-0.db.d.svc.cluster.local.',
      '0 50 8080 db-1.db.d.svc.cluster.local.',
    ]);
    expect(dig(a, '-x', '10.96.1.1')).toBe('web.d.svc.cluster.local.');
    expect(dig(a, '-x', c.ip)).toBe('db-1.db.d.svc.cluster.local.');
    expect(dig(a, '-t', 'TXT', 'dns-version.cluster.local')).toBe('"1.1.0"');
    expect(dig(a, `${c.ip.replaceAll('.', '-')}.d.pod.cluster.local`)).toBe(c.ip);
    expect(dig(a, 'out.d.svc.cluster.local').split('\n')).toEqual(['web.d.svc.cluster.local.', '10.96.1.1']);
    expect(dig(a, '+tcp', 'web.d.svc.cluster.local')).toBe('10.96.1.1');
    const whole = (name: string, ...more: string[]): string => inside(a.pid, 'dig', [`@${DNS}`, '+time=2', '+tries=1', name, ...more]);
    expect(whole('nobody.d.svc.cluster.local')).toMatch(/status: NXDOMAIN[^]*AUTHORITY: 1/);
    expect(whole('empty.d.svc.cluster.local')).toContain('status: NXDOMAIN');
    expect(whole('web.d.svc.cluster.local', 'AAAA')).toMatch(/status: NOERROR[^]*ANSWER: 0, AUTHORITY: 1/);
    expect(whole('example.org')).toContain('status: NXDOMAIN');
  });

  test('the same pod gets the same address; others the freed ones last', async () => {
    const before = JSON.stringify(await two.call('attach', { podUid: 'uid-c', namespace: 'd', name: 'c', pid: c.pid, hostPorts: [] }));
    expect(before).toBe(JSON.stringify({ ips: [c.ip] }));
    const d = await cluster.pod(two, 'd');
    d.end();
    await two.call('detach', 'uid-d');
    await two.call('detach', 'uid-d');
    const e = await cluster.pod(two, 'e');
    expect(e.ip).not.toBe(d.ip);
    await two.call('retain', ['uid-c']);
    expect(get(c.pid, `http://${a.ip}:8080`)).toBe(`a ${c.ip}`);
    expect(get(a.pid, `http://${e.ip}:8080`)).toMatch(/^failed/);
  });

  test('everything can be taken away', async () => {
    for (const node of [one, two]) {
      await node.call('removeProxy');
      await node.call('removeNetwork');
    }
    expect(inside(one.containerPid, 'nft', ['list', 'tables'])).toBe('');
    expect(inside(one.containerPid, 'ip', ['-br', 'link']).split('\n').length).toBe(2);
  });
});
