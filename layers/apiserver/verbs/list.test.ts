import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';

let api: Harness;
beforeEach(async () => void (api = await startHarness()));
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
