import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuthorizationAttributes } from '../../authz/port.ts';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { tokenRequest } from '../../virtual/token-request.ts';
import { defaultPlugins } from '../default-plugins.ts';

let api: Harness;
let asNode = false;
let granted: ((attributes: AuthorizationAttributes) => boolean) | undefined;

beforeEach(async () => {
  [asNode, granted] = [false, undefined];
  const keys = { sign: (claims: object) => JSON.stringify(claims) } as never;
  api = await startHarness({
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random: Math.random, services: () => api.server.services }),
    authenticator: {
      authenticate: async () => (asNode ? { name: 'system:node:one', groups: ['system:nodes'] } : { name: 'admin', groups: ['system:masters'] }),
    },
    authorizer: { authorize: (attributes) => ({ outcome: attributes.verb.startsWith('request-') && granted?.(attributes) !== true ? 'none' : 'allow', reason: '' }) },
    virtuals: [tokenRequest(keys, ['api'])],
  });
  for (const [url, body] of [
    ['/api/v1/namespaces', { metadata: { name: 'default' } }],
    [`${IN}/serviceaccounts`, { metadata: { name: 'default' } }],
    ['/api/v1/nodes', { metadata: { name: 'one' } }],
    ['/api/v1/nodes', { metadata: { name: 'two' } }],
  ] as const)
    expect((await api.request('POST', url, body)).status).toBe(201);
  for (const [name, nodeName] of [
    ['mine', 'one'],
    ['theirs', 'two'],
  ] as const) {
    const made = await api.request('POST', `${IN}/pods`, {
      metadata: { name },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 't' } }] } }] },
    });
    expect(made.status, made.text).toBe(201);
  }
  asNode = true;
});
afterEach(() => api.close());

const IN = '/api/v1/namespaces/default';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const patch = async (url: string, body: object) => {
  const { json } = await api.request('PATCH', url, body, MERGE);
  return json.kind === 'Status' ? json.message : 'ok';
};

test.each([
  ['/api/v1/nodes/two', { metadata: { labels: { a: 'b' } } }, 'nodes "two" is forbidden: node "one" is not allowed to modify node "two"'],
  ['/api/v1/nodes/one', { metadata: { labels: { a: 'b', 'kubernetes.io/os': 'linux', 'x.node.kubernetes.io/y': 'z' } } }, 'ok'],
  [
    '/api/v1/nodes/one',
    { metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b', 'foo.k8s.io/x': 'y' } } },
    'nodes "one" is forbidden: is not allowed to modify labels: foo.k8s.io/x, node-restriction.kubernetes.io/a',
  ],
  ['/api/v1/nodes/one', { spec: { taints: null } }, 'nodes "one" is forbidden: node "one" is not allowed to modify taints'],
  [
    '/api/v1/nodes/one',
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'u' }] } },
    'nodes "one" is forbidden: node "one" is not allowed to modify ownerReferences',
  ],
  [`${IN}/pods/mine/status`, { status: { message: 'm' } }, 'ok'],
  [`${IN}/pods/mine/status`, { metadata: { labels: { a: 'b' } } }, 'pods "mine" is forbidden: node "one" cannot update labels through pod status'],
  [`${IN}/pods/theirs/status`, { status: { message: 'm' } }, 'pods "theirs" is forbidden: node "one" can only update pods with spec.nodeName set to itself'],
])('%s %j: %s', async (url, body, answer) => {
  expect(await patch(url, body)).toBe(answer);
});

test('tokens only for its own pods, and for what they ask for', async () => {
  const uid = async (name: string): Promise<string> => (await api.request('GET', `${IN}/pods/${name}`)).json.metadata.uid;
  const ask = async (audiences: readonly string[], pod: string, more: object = {}) => {
    const answer = await api.request('POST', `${IN}/serviceaccounts/default/token`, {
      spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid: await uid(pod), ...more } },
    });
    return answer.status === 201 ? 'ok' : answer.json.message;
  };
  expect(await ask(['vault'], 'mine')).toBe('ok');
  expect(await ask([], 'mine')).toBe('ok');
  const NO = 'serviceaccounts "default" is forbidden: ';
  expect(await ask(['vault'], 'theirs')).toBe(`${NO}node requested token bound to a pod scheduled on a different node`);
  expect(await ask(['vault'], 'mine', { uid: '' })).toBe(`${NO}node requested token with a pod binding without a uid`);
  expect(await ask(['a', 'b'], 'mine')).toBe(`${NO}node may only request 0 or 1 audiences`);
  expect(await ask(['other'], 'mine')).toBe(`${NO}audience "other" not found in pod spec volume, system:node:one is not authorized to request tokens for this audience`);
  granted = ({ resource, name, namespace }) => resource === 'other' && name === 'default' && namespace === 'default';
  expect(await ask(['other'], 'mine')).toBe('ok');
});

test('creates only mirror pods', async () => {
  const answer = await api.request('POST', `${IN}/pods`, { metadata: { name: 'x' }, spec: { nodeName: 'one', containers: [{ name: 'c', image: 'i' }] } });
  expect(answer.json.message).toBe('pods "x" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "one" can only create mirror pods');
});
