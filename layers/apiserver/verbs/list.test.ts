import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '#machinery/system.ts';
import { type Harness, startHarness } from '../testing/harness.ts';

let now = Date.parse('2026-01-01T00:00:00Z');
let api: Harness;
beforeEach(async () => void (api = await startHarness({ clock: { ...systemClock, now: () => now } })));
afterEach(() => api.close());

const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
const event = (name: string, reportingController: string) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController,
  reportingInstance: 'one',
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  regarding: { kind: 'Pod', namespace: 'default', name: `pod-of-${name}` },
});

it('selects events of events.k8s.io by the names of that group, and core events by theirs', async () => {
  for (const [name, controller] of [
    ['a', 'first'],
    ['b', 'second'],
  ] as const)
    expect((await api.request('POST', EVENTS, event(name, controller))).status).toBe(201);
  const names = async (path: string) => (await api.request('GET', path)).json.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  expect(await names(`${EVENTS}?fieldSelector=reportingController%3Dfirst`)).toEqual(['a']);
  expect(await names(`${EVENTS}?fieldSelector=regarding.name%3Dpod-of-b`)).toEqual(['b']);
  expect(await names('/api/v1/namespaces/default/events?fieldSelector=reportingComponent%3Dfirst')).toEqual(['a']);
  expect(await names('/api/v1/namespaces/default/events?fieldSelector=source%3Dsecond,involvedObject.kind%3DPod')).toEqual(['b']);
  const refused = await api.request('GET', `${EVENTS}?fieldSelector=source%3Dfirst`);
  expect(refused.status).toBe(400);
  expect(refused.json.message).toContain('field label not supported: source');
});

it('gives a list up after five minutes, and goes on with what is there then, under another resourceVersion', async () => {
  const MAPS = '/api/v1/namespaces/default/configmaps';
  for (const name of ['a', 'b', 'c']) await api.request('POST', MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  const first = (await api.request('GET', `${MAPS}?limit=1`)).json;
  const at = (token: string) => api.request('GET', `${MAPS}?limit=1&continue=${token}`);
  now += 290_000;
  expect((await at(first.metadata.continue)).json.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  const watch = await api.watch(`${MAPS}?watch=1&resourceVersion=${first.metadata.resourceVersion}`);
  now += 20_000;
  const late = await at(first.metadata.continue);
  expect(late.json).toMatchObject({ code: 410, reason: 'Expired', metadata: { continue: expect.any(String) } });
  const second = (await at(late.json.metadata.continue)).json;
  expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['b']);
  expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  expect((await at(second.metadata.continue)).json).toMatchObject({ metadata: { resourceVersion: second.metadata.resourceVersion }, items: [{ metadata: { name: 'c' } }] });
  // nobody who watches hears of it
  await api.request('POST', MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'd' } });
  await watch.until(1);
  expect(watch.events.map(({ type, object }) => `${type} ${String(object.metadata['name'])}`)).toEqual(['ADDED d']);
  watch.close();
});
