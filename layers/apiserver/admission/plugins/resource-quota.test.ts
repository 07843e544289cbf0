import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApiServer } from '../../server.ts';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { defaultPlugins } from '../default-plugins.ts';

let api: Harness;

beforeEach(async () => {
  api = await startHarness({
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random: Math.random, services: () => api.server.services }),
  });
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  await api.request('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
afterEach(() => api.close());

const IN = '/api/v1/namespaces/default';
async function quota(name: string, spec: object, status?: object): Promise<void> {
  const made = await api.request('POST', `${IN}/resourcequotas`, { metadata: { name }, spec });
  expect(made.status, made.text).toBe(201);
  if (status !== undefined)
    expect((await api.request('PATCH', `${IN}/resourcequotas/${name}/status`, { status }, { 'content-type': 'application/merge-patch+json' })).status).toBe(200);
}
const used = async (name: string): Promise<unknown> => (await api.request('GET', `${IN}/resourcequotas/${name}`)).json.status.used;
const config = (name: string) => api.request('POST', `${IN}/configmaps`, { metadata: { name } });
const pod = (name: string, containers: object, spec: object = {}) => api.request('POST', `${IN}/pods`, { metadata: { name }, spec: { containers, ...spec } });
const container = (name: string, resources: object = {}): object => ({ name, image: 'i', resources });

test('of many requests at once as many pass as there is room for', async () => {
  const hard = { configmaps: '7' };
  await quota('q', { hard }, { hard, used: { configmaps: '2' } });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => config(`c${index}`)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  expect(refused.at(-1)!.json.message).toMatch(/^configmaps "c\d+" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=7, limited: configmaps=7$/);
  expect(await used('q')).toEqual({ configmaps: '7' });
});

test('no two servers on one store spend the same rest', async () => {
  const hard = { configmaps: '10' };
  await quota('q', { hard }, { hard, used: { configmaps: '0' } });
  const { store, registry, clock, ids, random, authenticator, authorizer } = api.server.services;
  const plugins = () =>
    defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random: Math.random, services: () => other.services });
  const other = createApiServer({ store, registry, admission: plugins(), authenticator, authorizer, clock, ids, random, log: () => undefined });
  const { createLocalClient } = await import('../../local-client.ts');
  const [here, there] = [createLocalClient(api.server.services), createLocalClient(other.services)];
  const made = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? here : there).create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${index}`, namespace: 'default' } }),
    ),
  );
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(await used('q')).toEqual({ configmaps: '10' });
});

test('every container states what is limited, or its pod does', async () => {
  const hard = { 'limits.cpu': '2', memory: '1Gi', pods: '9' };
  await quota('q', { hard }, { hard, used: { 'limits.cpu': '0', memory: '0', pods: '0' } });
  const cpu = { limits: { cpu: '1' }, requests: { cpu: '1' } };
  expect((await pod('p', [container('b'), container('a'), container('c', cpu)])).json.message).toBe(
    'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: a,b; memory for: a,b,c',
  );
  const both = { limits: { cpu: '1', memory: '1Mi' } };
  expect((await pod('p', [container('a', both)])).status).toBe(201);
  expect((await pod('whole', [container('a')], { resources: both })).status).toBe(201);
  expect(await used('q')).toEqual({ 'limits.cpu': '2', memory: '2Mi', pods: '2' });
  expect((await pod('more', [container('a', both)])).json.message).toBe(
    'pods "more" is forbidden: exceeded quota: q, requested: limits.cpu=1, used: limits.cpu=2, limited: limits.cpu=2',
  );
});

test('what nobody has counted is not spent; what is only tried is not charged', async () => {
  await quota('q', { hard: { configmaps: '3' } }, { hard: { configmaps: '3' } });
  expect((await config('a')).json.message).toBe('configmaps "a" is forbidden: status unknown for quota: q, resources: configmaps');
  await api.request('PATCH', `${IN}/resourcequotas/q/status`, { status: { used: { configmaps: '0' } } }, { 'content-type': 'application/merge-patch+json' });
  expect((await api.request('POST', `${IN}/configmaps?dryRun=All`, { metadata: { name: 'a' } })).status).toBe(201);
  expect(await used('q')).toEqual({ configmaps: '0' });
});

test('an update is charged for what it adds', async () => {
  const hard = { 'services.nodeports': '2' };
  await quota('q', { hard }, { hard, used: { 'services.nodeports': '0' } });
  const service = (ports: number): object => ({
    metadata: { name: 's' },
    spec: { type: 'NodePort', ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 80 + index })) },
  });
  expect((await api.request('POST', `${IN}/services`, service(1))).status).toBe(201);
  expect(await used('q')).toEqual({ 'services.nodeports': '1' });
  const answer = await api.request(
    'PATCH',
    `${IN}/services/s`,
    {
      spec: {
        ports: [
          { port: 80, name: 'p0' },
          { port: 81, name: 'p1' },
          { port: 82, name: 'p2' },
        ],
      },
    },
    { 'content-type': 'application/merge-patch+json' },
  );
  expect(answer.json.message).toBe('services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=1, limited: services.nodeports=2');
});
