/** Versions that a webhook turns into each other. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localDialer, publish, startBackend, type TestBackend } from '../backends/testing.ts';
import { type Harness, startHarness } from '../testing/harness.ts';
import { establish, versionOf } from './testing.ts';

interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly { spec: Record<string, unknown>; metadata: Record<string, unknown> }[] };
}

let api: Harness;
let backend: TestBackend;
/** What the webhook does wrong. */
let fault: 'none' | 'renames' | 'fails' | 'loses';

/** v1 has `hostPort`, v2 has `host` and `port`. */
function convert({ request: { uid, desiredAPIVersion, objects } }: Review): object {
  const convertedObjects = objects.map((object) => {
    const { spec } = object;
    const hostPort = String(spec['hostPort'] ?? `${String(spec['host'])}:${String(spec['port'])}`);
    const [host, port] = hostPort.split(':');
    const metadata = { ...object.metadata, labels: { converted: 'yes' }, uid: fault === 'renames' ? 'other' : object.metadata['uid'], finalizers: ['stolen/x'] };
    return { ...object, metadata, apiVersion: desiredAPIVersion, spec: desiredAPIVersion.endsWith('v1') ? { hostPort } : { host, port } };
  });
  return {
    kind: 'ConversionReview',
    apiVersion: 'apiextensions.k8s.io/v1',
    response: {
      uid,
      result: fault === 'fails' ? { status: 'Failure', message: 'no mood' } : { status: 'Success' },
      convertedObjects: fault === 'loses' ? [] : convertedObjects,
    },
  };
}

beforeEach(async () => {
  fault = 'none';
  backend = await startBackend('converter', ({ body }) => ({ body: convert(JSON.parse(body) as Review) }));
  api = await startHarness({ dialer: localDialer });
  await publish(api, 'converter', backend.port);
  const text = { type: 'string' };
  await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'hosts.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'hosts', kind: 'Host' },
      versions: [
        versionOf('v1', true, { hostPort: text }, { selectableFields: [{ jsonPath: '.spec.hostPort' }] }),
        versionOf('v2', false, { host: text, port: text }, { selectableFields: [{ jsonPath: '.spec.host' }, { jsonPath: '.spec.port' }] }),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: { caBundle: backend.caBundle, service: { namespace: 'default', name: 'converter', path: '/convert' } } },
      },
    },
  });
  await establish(api, 'hosts.example.com');
});
afterEach(async () => {
  backend.close();
  await api.close();
});

const V1 = '/apis/example.com/v1/namespaces/default/hosts';
const V2 = '/apis/example.com/v2/namespaces/default/hosts';
const host = (version: string, name: string, spec: object): object => ({ apiVersion: `example.com/${version}`, kind: 'Host', metadata: { name }, spec });
const names = (list: { items: { metadata: { name: string } }[] }): string[] => list.items.map(({ metadata }) => metadata.name);

describe('conversion by webhook', () => {
  it('goes both ways, a list in one call, and leaves metadata but labels and annotations alone', async () => {
    await api.request('POST', V1, host('v1', 'a', { hostPort: 'one:80' }));
    const made = await api.request('POST', V2, host('v2', 'b', { host: 'two', port: '81' }));
    expect(made.json).toMatchObject({ apiVersion: 'example.com/v2', spec: { host: 'two', port: '81' } });
    expect((await api.request('GET', `${V1}/b`)).json).toMatchObject({ apiVersion: 'example.com/v1', spec: { hostPort: 'two:81' } });
    backend.received.length = 0;
    const list = await api.request('GET', V2);
    expect(list.json.items.map(({ spec }: { spec: object }) => spec)).toEqual([
      { host: 'one', port: '80' },
      { host: 'two', port: '81' },
    ]);
    expect(list.json.items[0].metadata).toMatchObject({ labels: { converted: 'yes' } });
    expect(list.json.items[0].metadata.finalizers).toBeUndefined();
    expect(backend.received.length).toBe(1);
    expect(backend.received[0]!.url).toBe('/convert?timeout=30s');
  });

  it('is what selectors and watches see', async () => {
    const watch = await api.watch(`${V2}?watch=1&fieldSelector=spec.host%3Done`);
    await api.request('POST', V2, host('v2', 'a', { host: 'one', port: '80' }));
    await api.request('POST', V1, host('v1', 'b', { hostPort: 'one:81' }));
    await api.request('POST', V1, host('v1', 'c', { hostPort: 'two:80' }));
    expect(names((await api.request('GET', `${V2}?fieldSelector=spec.host%3Done`)).json)).toEqual(['a', 'b']);
    expect(names((await api.request('GET', `${V2}?fieldSelector=spec.host%3Done&limit=1`)).json)).toEqual(['a']);
    expect(names((await api.request('GET', `${V1}?fieldSelector=spec.hostPort%3Done:80`)).json)).toEqual(['a']);
    await api.request('PATCH', `${V1}/a`, { spec: { hostPort: 'two:80' } }, { 'content-type': 'application/merge-patch+json' });
    await watch.until(3);
    expect(watch.events.map(({ type, object }) => `${type} ${String(object.metadata['name'])}`)).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
    watch.close();
  });

  it.each([
    ['renames', 'conversion webhook for example.com/v1, Kind=Host returned invalid converted object at index 0: must have the same UID: other != '],
    ['fails', 'conversion webhook for example.com/v1, Kind=Host failed: no mood'],
    ['loses', 'conversion webhook for example.com/v1, Kind=Host failed: webhook returned 0 objects, expected 1'],
  ] as const)('that %s is an error', async (how, message) => {
    await api.request('POST', V1, host('v1', 'a', { hostPort: 'one:80' }));
    fault = how;
    const answer = await api.request('GET', `${V2}/a`);
    expect(answer.status).toBe(500);
    expect(answer.json.message).toContain(message);
  });

  it('that cannot be reached says where it looked', async () => {
    await api.request('POST', V1, host('v1', 'a', { hostPort: 'one:80' }));
    backend.close();
    expect((await api.request('GET', `${V2}/a`)).json.message).toContain('Post "https://converter.default.svc:443/convert?timeout=30s": ');
  });
});
