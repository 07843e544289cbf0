import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '#apiserver/testing/harness.ts';

const PATH = '/apis/apps/v1/namespaces/default/daemonsets';
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const labels = { app: 'd' };
const daemonSet = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd' },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } } },
});

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(async () => api.close());

test('the template’s generation counts its changes, whoever leaves it out, and belongs to who wrote the object', async () => {
  const made = await api.request('POST', `${PATH}?fieldManager=maker`, daemonSet('one'));
  expect(made.json.metadata.annotations).toEqual({ [TEMPLATE_GENERATION]: '1' });
  expect(made.json.metadata.managedFields[0].fieldsV1['f:metadata']).toEqual({ 'f:annotations': { '.': {}, [`f:${TEMPLATE_GENERATION}`]: {} } });
  const changed = await api.request('PUT', `${PATH}/d?fieldManager=other`, daemonSet('two'));
  expect(changed.json.metadata.annotations).toEqual({ [TEMPLATE_GENERATION]: '2' });
  const status = await api.request('PUT', `${PATH}/d/status`, { ...daemonSet('two'), status: { numberReady: 0 } });
  expect(status.json.metadata.annotations).toEqual({ [TEMPLATE_GENERATION]: '2' });
});
