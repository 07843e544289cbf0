import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../../testing/harness.ts';
import { podSecurity } from './plugin.ts';

let api: Harness;
const P = 'pod-security.kubernetes.io';

beforeAll(async () => {
  api = await startHarness({ admission: [podSecurity] });
  for (const [name, labels] of [
    ['open', {}],
    ['base', { [`${P}/enforce`]: 'baseline' }],
    ['tight', { [`${P}/enforce`]: 'restricted', [`${P}/enforce-version`]: 'latest' }],
    ['old', { [`${P}/enforce`]: 'restricted', [`${P}/enforce-version`]: 'v1.20' }],
    ['warns', { [`${P}/warn`]: 'restricted' }],
  ] as const)
    await api.request('POST', '/api/v1/namespaces', { metadata: { name, labels } });
});
afterAll(() => api.close());

const pod = (namespace: string, spec: object) =>
  api.request('POST', `/api/v1/namespaces/${namespace}/pods`, { metadata: { generateName: 'p-' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const message = async (namespace: string, spec: object): Promise<string> => (await pod(namespace, spec)).json.message.replace(/^pods "p-\w+" is forbidden: /, '');
const container = (securityContext: object, more: object = {}): object => ({ containers: [{ name: 'c', image: 'i', securityContext, ...more }] });

describe('baseline', () => {
  it.each([
    [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    [container({ privileged: true }), 'privileged (container "c" must not set securityContext.privileged=true)'],
    [
      container({ capabilities: { add: ['SYS_ADMIN', 'CHOWN', 'NET_RAW'] } }),
      'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [container({}, { ports: [{ containerPort: 80, hostPort: 80 }] }), 'hostPort (container "c" uses hostPort 80)'],
    [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [container({ seccompProfile: { type: 'Unconfined' } }), 'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")'],
    [{ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
    [{ securityContext: { seLinuxOptions: { type: 'x', user: 'u' } } }, 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)'],
    [container({}, { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } }), 'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")'],
    [container({ appArmorProfile: { type: 'Unconfined' } }), 'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")'],
  ])('refuses %j', async (spec, why) => {
    expect(await message('base', spec)).toBe(`violates PodSecurity "baseline:latest": ${why}`);
  });
  it('lets in what is usual', async () => {
    expect((await pod('base', {})).status).toBe(201);
    expect((await pod('open', { hostNetwork: true })).status).toBe(201);
  });
});

const RESTRICTED = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  ...container({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
};

describe('restricted', () => {
  it('tells all that is missing', async () => {
    expect(
      await message('tight', {
        containers: [
          { name: 'a', image: 'i' },
          { name: 'b', image: 'i' },
        ],
      }),
    ).toBe(
      'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });
  it('asks less in older versions', async () => {
    expect(await message('old', {})).not.toContain('unrestricted capabilities');
    expect((await pod('tight', RESTRICTED)).status).toBe(201);
    expect(await message('tight', { ...RESTRICTED, volumes: [{ name: 'n', nfs: { server: 's', path: '/' } }] })).toBe(
      'violates PodSecurity "restricted:latest": restricted volume types (volume "n" uses restricted volume type "nfs")',
    );
  });
  it('warns of controllers, and of pods where nothing is enforced', async () => {
    const warned = await pod('warns', {});
    expect(warned.status).toBe(201);
    expect(String(warned.headers['warning'])).toContain('would violate PodSecurity');
    const deployment = await api.request('POST', '/apis/apps/v1/namespaces/tight/deployments', {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
    });
    expect(deployment.status).toBe(201);
    expect(String(deployment.headers['warning'])).toContain('would violate PodSecurity');
  });
});

describe('namespaces', () => {
  it('have labels that can be read', async () => {
    const answer = await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'x', labels: { [`${P}/enforce`]: 'strict', [`${P}/warn-version`]: '1.2' } } });
    expect(answer.status).toBe(422);
    expect(answer.json.details.causes.map((cause: { message: string }) => cause.message)).toEqual([
      'Invalid value: "strict": must be one of privileged, baseline, restricted',
      'Invalid value: "1.2": must be "latest" or "v1.x"',
    ]);
  });
  it('are told of pods that would not come in any more', async () => {
    await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'later' } });
    await pod('later', { hostNetwork: true });
    const answer = await api.request(
      'PATCH',
      '/api/v1/namespaces/later',
      { metadata: { labels: { [`${P}/enforce`]: 'baseline' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(answer.status).toBe(200);
    const [first, second] = answer.headers['warning'] as string[];
    expect(first).toContain('existing pods in namespace');
    expect(second).toMatch(/p-\w+: host namespaces/);
  });
});
