import { execFileSync } from 'node:child_process';
import { beforeAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { AuthorizationAttributes } from '../../authz/port.ts';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { defaultPlugins } from '../default-plugins.ts';

const URL = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
let api: Harness;
let mayFor: readonly string[] = [];
let asked: AuthorizationAttributes[] = [];
let plain = '';
let masters = '';

const request = (subject: string): string =>
  Buffer.from(
    execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', subject], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ).toString('base64');

beforeAll(() => {
  plain = request('/CN=jane/O=team');
  masters = request('/CN=jane/O=system:masters');
});
beforeEach(async () => {
  [mayFor, asked] = [[], []];
  api = await startHarness({
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random: Math.random, services: () => api.server.services }),
    authorizer: {
      authorize(attributes) {
        if (attributes.resource !== 'signers') return { outcome: 'allow', reason: '' };
        asked.push(attributes);
        return { outcome: mayFor.includes(`${attributes.verb} ${attributes.name}`) ? 'allow' : 'none', reason: '' };
      },
    },
  });
});
afterEach(() => api.close());

const create = (name: string, signerName: string, body: string) => api.request('POST', URL, { metadata: { name }, spec: { signerName, request: body, usages: ['client auth'] } });
async function update(name: string, subresource: string, status: object) {
  const { json } = await api.request('GET', `${URL}/${name}`);
  return api.request('PUT', `${URL}/${name}/${subresource}`, { ...json, status });
}
const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] };

test('who approves may do so for the signer, or for its domain', async () => {
  expect((await create('a', 'example.com/x', plain)).status).toBe(201);
  const refused = await update('a', 'approval', approved);
  expect(refused.json.message).toBe('certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to approve requests with signerName "example.com/x"');
  expect(asked.map(({ verb, group, name }) => `${verb} ${group} ${name}`)).toEqual(['approve certificates.k8s.io example.com/x', 'approve certificates.k8s.io example.com/*']);
  mayFor = ['sign example.com/x', 'approve other.com/*'];
  expect((await update('a', 'approval', approved)).status).toBe(403);
  mayFor = ['approve example.com/*'];
  expect((await update('a', 'approval', approved)).status).toBe(200);
});

test('who signs may do so, and a status that signs nothing is free', async () => {
  expect((await create('a', 'example.com/x', plain)).status).toBe(201);
  expect((await update('a', 'status', {})).status).toBe(200);
  expect(asked).toEqual([]);
  const failed = { conditions: [{ type: 'Failed', status: 'True', reason: 'r', message: 'm' }] };
  expect((await update('a', 'status', failed)).json.message).toBe(
    'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to sign requests with signerName "example.com/x"',
  );
  mayFor = ['sign example.com/x'];
  expect((await update('a', 'status', failed)).status).toBe(200);
});

test('nobody asks to be a master', async () => {
  expect((await create('a', CLIENT, masters)).json.message).toBe(
    `certificatesigningrequests.certificates.k8s.io "a" is forbidden: use of ${CLIENT} signer with system:masters group is not allowed`,
  );
  expect((await create('a', CLIENT, plain)).status).toBe(201);
  expect((await create('b', 'example.com/x', masters)).status).toBe(201);
});
