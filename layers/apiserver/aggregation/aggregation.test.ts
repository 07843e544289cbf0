/** Servers behind APIServices: who is told what, and what is shown of them. */
import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificate, localDialer, publish, startBackend, type TestBackend } from '../backends/testing.ts';
import type { ApiRequest } from '../door.ts';
import { type Harness, startHarness } from '../testing/harness.ts';
import { remoteDocument, remoteItems } from './collection.ts';
import { storedRemotes } from './remotes.ts';

let api: Harness;
let backend: TestBackend;

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'wardle.example.com/v1',
  resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] }],
};

beforeEach(async () => {
  backend = await startBackend('wardle', ({ url }) => {
    if (url === '/apis') return { status: 404, body: {} };
    if (url === '/apis/wardle.example.com/v1') return { body: RESOURCES };
    if (url.startsWith('/openapi/v3/')) return { body: { openapi: '3.0.0' } };
    if (url === '/openapi/v3') return { body: { paths: { 'apis/wardle.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/wardle.example.com/v1?hash=X' }, 'api/v1': {} } } };
    if (url === '/openapi/v2')
      return {
        body: {
          paths: { '/apis/wardle.example.com/v1/flunders': { get: { responses: { 200: { description: 'OK' } } } }, '/healthz': {} },
          definitions: { 'com.example.wardle.v1.Flunder': { type: 'object' } },
        },
      };
    return { body: { kind: 'FlunderList', apiVersion: 'wardle.example.com/v1', items: [] } };
  });
  api = await startHarness({
    dialer: localDialer,
    frontProxy: await certificate('front-proxy-client'),
    authenticator: { authenticate: async () => ({ name: 'jane', uid: '7', groups: ['devs', 'system:authenticated'], extra: { 'example.com/Scope': ['a', 'b'] } }) },
  });
  await publish(api, 'wardle', backend.port);
});
afterEach(async () => {
  backend.close();
  await api.close();
});

async function register(available = 'True', more: object = {}): Promise<void> {
  const made = await api.request('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.wardle.example.com' },
    spec: {
      group: 'wardle.example.com',
      version: 'v1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service: { namespace: 'default', name: 'wardle' },
      caBundle: backend.caBundle,
      ...more,
    },
  });
  if (made.status !== 201) throw new Error(made.text);
  const status = { conditions: [{ type: 'Available', status: available, reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] };
  const said = await api.request('PUT', '/apis/apiregistration.k8s.io/v1/apiservices/v1.wardle.example.com/status', { ...made.json, status });
  if (said.status !== 200) throw new Error(said.text);
}

const FLUNDERS = '/apis/wardle.example.com/v1/namespaces/default/flunders';

describe('a server behind an APIService', () => {
  it('is asked in the name of the user, whose credentials it does not see', async () => {
    await register();
    const answer = await api.request('GET', `${FLUNDERS}?limit=5`, undefined, { authorization: 'Bearer secret', 'x-remote-user': 'root', accept: 'application/json' });
    expect(answer.json.kind).toBe('FlunderList');
    const [one] = backend.received;
    expect(one).toMatchObject({ method: 'GET', url: `${FLUNDERS}?limit=5`, client: 'front-proxy-client' });
    expect(one!.headers).toMatchObject({
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': 'devs, system:authenticated',
      'x-remote-extra-example.com%2fscope': 'a, b',
    });
    expect(one!.headers['authorization']).toBeUndefined();
  });

  it('is read by controllers too, in the words of client-go where that fails', async () => {
    const remotes = storedRemotes(api.store, undefined);
    const read = (group = 'wardle.example.com') =>
      remoteItems(api.server.services, remotes, { group, version: 'v1', plural: 'flunders', namespace: 'default', labelSelector: 'app in (a,b)' });
    await expect(read()).rejects.toThrow(/^the server could not find the requested resource \(get flunders\.wardle\.example\.com\)$/);
    await register('False');
    await expect(read()).rejects.toThrow('the server is currently unable to handle the request (get flunders.wardle.example.com)');
    await api.request('DELETE', '/apis/apiregistration.k8s.io/v1/apiservices/v1.wardle.example.com');
    await register();
    expect(await read()).toEqual([]);
    expect(backend.received.at(-1)).toMatchObject({ url: `${FLUNDERS}?labelSelector=app%20in%20(a%2Cb)` });
  });

  it('is read at any path, in the first version that is registered', async () => {
    const remotes = storedRemotes(api.store, undefined);
    const read = (versions: readonly string[], unserved?: string) =>
      remoteDocument(api.server.services, remotes, {
        group: 'wardle.example.com',
        versions,
        path: 'namespaces/default/flunders/a',
        what: 'a.flunders',
        ...(unserved === undefined ? {} : { unserved }),
      });
    await expect(read(['v1'])).rejects.toThrow(/^the server could not find the requested resource \(get a\.flunders\)$/);
    await expect(read(['v1'], 'nobody has flunders')).rejects.toThrow(/^nobody has flunders$/);
    await register();
    expect(await read(['v2', 'v1'])).toMatchObject({ items: [] });
    expect(backend.received.at(-1)).toMatchObject({ url: `${FLUNDERS}/a` });
  });

  it('gets bodies as they were sent', async () => {
    await register();
    await api.request('POST', FLUNDERS, { a: 1 });
    expect(backend.received[0]).toMatchObject({ method: 'POST', body: '{"a":1}' });
  });

  it('gets connections that are taken over', async () => {
    await register();
    const [client, door] = duplexPair();
    const heard = new Promise<string>((resolve) => {
      let text = '';
      client.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        if (text.endsWith('ping')) resolve(text);
      });
    });
    const request = {
      method: 'GET',
      path: `${FLUNDERS}/a/console`,
      query: 'x=1',
      headers: { upgrade: 'echo', connection: 'Upgrade' },
      body: undefined,
      signal: new AbortController().signal,
    };
    await api.server.upgrade(request as ApiRequest, door, Buffer.from('pi'));
    client.write('ng');
    expect(await heard).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[^]*ping$/);
    expect(backend.received[0]).toMatchObject({ url: `${FLUNDERS}/a/console?x=1`, client: 'front-proxy-client', headers: { 'x-remote-user': 'jane', upgrade: 'echo' } });
    client.destroy();
  });

  it('is in both kinds of discovery and both versions of OpenAPI', async () => {
    await register();
    const groups = await api.request('GET', '/apis');
    expect(groups.json.groups.find(({ name }: { name: string }) => name === 'wardle.example.com').preferredVersion.version).toBe('v1');
    const aggregated = await api.request('GET', '/apis', undefined, { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' });
    const mine = aggregated.json.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'wardle.example.com');
    expect(mine.versions[0]).toMatchObject({ version: 'v1', freshness: 'Current', resources: [{ resource: 'flunders', scope: 'Namespaced' }] });
    expect((await api.request('GET', '/apis/wardle.example.com/v1')).json).toEqual(RESOURCES);
    expect((await api.request('GET', '/openapi/v3')).json.paths['apis/wardle.example.com/v1'].serverRelativeURL).toContain('hash=X');
    expect((await api.request('GET', '/openapi/v3/apis/wardle.example.com/v1?hash=X')).json.openapi).toBe('3.0.0');
    const second = await api.request('GET', '/openapi/v2');
    expect(second.json.paths['/apis/wardle.example.com/v1/flunders']).toBeDefined();
    expect(second.json.paths['/healthz']).toBeUndefined();
    expect(second.json.definitions['com.example.wardle.v1.Flunder']).toBeDefined();
  });

  it('is not asked while it is not available, and not believed without its certificate', async () => {
    await register('False');
    expect(await api.request('GET', FLUNDERS)).toMatchObject({ status: 503, text: 'service unavailable\n' });
    const stale = await api.request('GET', '/apis', undefined, { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' });
    expect(stale.json.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'wardle.example.com').versions[0].freshness).toBe('Stale');
    await api.request('DELETE', '/apis/apiregistration.k8s.io/v1/apiservices/v1.wardle.example.com');
    const { certPem } = await certificate('wardle.default.svc');
    await register('True', { caBundle: Buffer.from(certPem).toString('base64') });
    const answer = await api.request('GET', FLUNDERS);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('error trying to reach service: ');
    expect(backend.received).toEqual([]);
  });

  it('goes from discovery with its APIService', async () => {
    await register();
    await api.request('DELETE', '/apis/apiregistration.k8s.io/v1/apiservices/v1.wardle.example.com');
    expect((await api.request('GET', FLUNDERS)).status).toBe(404);
    expect((await api.request('GET', '/apis')).text).not.toContain('wardle');
  });
});
