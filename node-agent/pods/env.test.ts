import { expect, test } from 'vitest';
import { testPod } from '../testing/harness.ts';
import { buildEnv, type EnvContext } from './env.ts';
import { expand } from './expand.ts';
import type { Container } from './pod.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const objects: Readonly<Record<string, object>> = {
  'configmaps/settings': { data: { COLOUR: 'red', 'not=possible': 'x' }, binaryData: { BYTES: base64('b') } },
  'secrets/login': { data: { user: base64('me') } },
};
const context: EnvContext = {
  addresses: { podIPs: ['10.1.0.2'], hostIPs: ['192.0.2.1'] },
  allocatable: { cpuMillis: 4000, memoryBytes: 8 * 2 ** 30 },
  services: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'my-master', namespace: 'default' },
      spec: {
        clusterIP: '10.96.0.9',
        ports: [
          { name: 'http', port: 8080 },
          { name: 'slaves', port: 50000, protocol: 'UDP' },
        ],
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'elsewhere', namespace: 'other' }, spec: { clusterIP: '10.96.0.8', ports: [{ port: 1 }] } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'headless', namespace: 'default' }, spec: { clusterIP: 'None', ports: [{ port: 1 }] } },
  ],
  config: ({ resource, name }) => {
    const found = objects[`${resource}/${name}`];
    return Promise.resolve(found === undefined ? undefined : { apiVersion: 'v1', kind: 'X', metadata: { name }, ...found });
  },
  readVolumeFile: (volume, path) => Promise.resolve(volume === 'files' && path === 'a.env' ? 'OTHER=1\n TOKEN="quoted text"\n' : undefined),
};
const env = async (container: Partial<Container>, links?: boolean): Promise<Record<string, string>> => {
  const whole: Container = { name: 'main', image: 'i', ...container };
  const pod = testPod('web', { containers: [whole], ...(links === undefined ? {} : { enableServiceLinks: links }) }, { labels: { app: 'x' } });
  return Object.fromEntries(await buildEnv(pod, whole, context));
};

test('services of the namespace, docker-link style; none of other namespaces, and none without an address', async () => {
  const all = await env({});
  expect(all).toMatchObject({
    MY_MASTER_SERVICE_HOST: '10.96.0.9',
    MY_MASTER_SERVICE_PORT: '8080',
    MY_MASTER_SERVICE_PORT_SLAVES: '50000',
    MY_MASTER_PORT: 'tcp://10.96.0.9:8080',
    MY_MASTER_PORT_50000_UDP: 'udp://10.96.0.9:50000',
    MY_MASTER_PORT_50000_UDP_PROTO: 'udp',
    MY_MASTER_PORT_50000_UDP_ADDR: '10.96.0.9',
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
  });
  expect(Object.keys(all).filter((name) => /ELSEWHERE|HEADLESS/.test(name))).toEqual([]);
});

test('with service links off only the API remains', async () => {
  const all = await env({}, false);
  expect(all['KUBERNETES_SERVICE_HOST']).toBe('10.96.0.1');
  expect(Object.keys(all).some((name) => name.startsWith('MY_MASTER'))).toBe(false);
});

test('values see what came before them, services too; later ones win', async () => {
  expect(
    await env({
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A)-$(MY_MASTER_SERVICE_HOST)-$(LATER)-$$(A)' },
        { name: 'LATER', value: 'x' },
        { name: 'A', value: '2' },
      ],
    }),
  ).toMatchObject({ A: '2', B: '1-10.96.0.9-$(LATER)-$(A)' });
});

test('whole config maps with a prefix, single keys, fields, resources, files', async () => {
  expect(
    await env({
      resources: { limits: { memory: '64Mi' } },
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'absent', optional: true } }],
      env: [
        { name: 'USER', valueFrom: { secretKeyRef: { name: 'login', key: 'user' } } },
        { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'gone', optional: true } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MIB', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        { name: 'TOKEN', valueFrom: { fileKeyRef: { volumeName: 'files', path: 'a.env', key: 'TOKEN' } } },
      ],
    }),
  ).toMatchObject({ P_COLOUR: 'red', P_BYTES: 'b', USER: 'me', IP: '10.1.0.2', APP: 'x', CPUS: '4', MIB: '64', TOKEN: 'quoted text' });
});

test('what cannot be a variable is left out, and so is an optional key that is not there', async () => {
  const all = await env({ envFrom: [{ configMapRef: { name: 'settings' } }], env: [{ name: 'GONE', valueFrom: { secretKeyRef: { name: 'absent', key: 'k', optional: true } } }] });
  expect(all).not.toHaveProperty(['not=possible']);
  expect(all).not.toHaveProperty('GONE');
});

test.each([
  [{ envFrom: [{ secretRef: { name: 'absent' } }] }, 'secret "absent" not found'],
  [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'gone' } } }] }, "couldn't find key gone in ConfigMap default/settings"],
  [{ env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'files', path: 'b.env', key: 'K' } } }] }, 'environment variable key "K" not found in file "b.env"'],
])('what is missing and must be there is a reason to wait: %j', async (container, message) => {
  await expect(env(container)).rejects.toMatchObject({ reason: 'CreateContainerConfigError', message });
});

test.each([
  ['$(A)', 'a'],
  ['$(A)$(B)', 'ab'],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$a'],
  ['$(A', '$(A'],
  ['$', '$'],
  ['$A', '$A'],
  ['x$(', 'x$('],
])('%s becomes %s', (text, expected) => expect(expand(text, (name) => ({ A: 'a', B: 'b' })[name])).toBe(expected));
