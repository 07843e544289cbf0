/** Custom resources through a whole API server: defined, served, changed, taken away. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';
import { definition, establish, versionOf } from './testing.ts';

let api: Harness;
beforeEach(async () => void (api = await startHarness()));
afterEach(() => api.close());

const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';

describe('a custom resource', () => {
  it('is served as soon as its names are accepted, and not before', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    expect((await api.request('GET', WIDGETS)).status).toBe(404);
    await establish(api, 'widgets.example.com');
    const list = await api.request('GET', WIDGETS);
    expect(list.status).toBe(200);
    expect(list.json).toMatchObject({ kind: 'WidgetList', apiVersion: 'example.com/v1', items: [] });
  });

  it('is pruned, defaulted, and refused in the words of Kubernetes', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const made = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 3, colour: null, nothing: 1 } });
    expect(made.status).toBe(201);
    expect(made.json.spec).toEqual({ size: 3, colour: 'red' });
    expect(made.json.metadata.generation).toBe(1);
    expect(String(made.headers['warning'])).toContain('unknown field \\"spec.nothing\\"');
    const bad = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'b' }, spec: { size: 'x', colour: 'pink' } });
    expect(bad.status).toBe(422);
    expect(bad.json.details.causes).toEqual([
      { reason: 'FieldValueTypeInvalid', message: 'Invalid value: "string": spec.size in body must be of type integer: "string"', field: 'spec.size' },
      { reason: 'FieldValueNotSupported', message: 'Unsupported value: "pink": supported values: "red", "green"', field: 'spec.colour' },
      { reason: 'FieldValueInvalid', message: 'Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64', field: '.spec.size' },
    ]);
    const missing = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'c' }, spec: {} });
    expect(missing.json.details.causes).toEqual([{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.size' }]);
    const strict = await api.request('POST', `${WIDGETS}?fieldValidation=Strict`, {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'd' },
      spec: { size: 1, x: 1 },
    });
    expect(strict.json.message).toContain('strict decoding error: unknown field "spec.x"');
  });

  it('is told of keys said twice, line by line', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const yaml = 'apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 1\n  size: 2\n  odd: 1\n  odd: 2\n';
    const made = await api.request('POST', WIDGETS, yaml, { 'content-type': 'application/yaml' });
    expect(made.headers['warning']).toEqual([
      '299 - "line 7: key \\"size\\" already set in map"',
      '299 - "line 9: key \\"odd\\" already set in map"',
      '299 - "unknown field \\"spec.odd\\""',
    ]);
    const strict = await api.request('POST', `${WIDGETS}?fieldValidation=Strict`, yaml, { 'content-type': 'application/yaml' });
    expect(strict.json.message).toContain(
      'strict decoding error: yaml: unmarshal errors:\n  line 7: key "size" already set in map\n  line 9: key "odd" already set in map, unknown field "spec.odd"',
    );
    const text = '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":1,"size":2}}';
    const patch = { 'content-type': 'application/apply-patch+yaml' };
    const applied = await api.request('PATCH', `${WIDGETS}/b?fieldManager=m&fieldValidation=Strict`, text, patch);
    expect(applied.json.message).toBe('error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key "size" already set in map');
    expect((await api.request('PATCH', `${WIDGETS}/b?fieldManager=m&fieldValidation=Warn`, text, patch)).json.spec.size).toBe(2);
  });

  it('keeps its status behind the door of the status, and counts generations of the rest', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const made = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 1 }, status: { ready: 1 } });
    expect(made.json.status).toBeUndefined();
    const status = await api.request(
      'PATCH',
      `${WIDGETS}/a/status`,
      { metadata: { labels: { a: 'b' } }, spec: { size: 9 }, status: { ready: 2 } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(status.json).toMatchObject({ spec: { size: 1 }, status: { ready: 2 }, metadata: { generation: 1 } });
    expect(status.json.metadata.labels).toBeUndefined();
    const main = await api.request('PATCH', `${WIDGETS}/a`, { spec: { size: 5 }, status: { ready: 7 } }, { 'content-type': 'application/merge-patch+json' });
    expect(main.json).toMatchObject({ spec: { size: 5 }, status: { ready: 2 }, metadata: { generation: 2 } });
    const scale = await api.request('GET', `${WIDGETS}/a/scale`);
    expect(scale.json).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 2 } });
    const scaled = await api.request('PATCH', `${WIDGETS}/a/scale`, { spec: { replicas: 8 } }, { 'content-type': 'application/merge-patch+json' });
    expect(scaled.json.spec.replicas).toBe(8);
    expect((await api.request('GET', `${WIDGETS}/a`)).json.spec.size).toBe(8);
  });

  it('wants the version of what a PUT replaces, and takes no strategic merge patch', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const made = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 1 } });
    const blind = await api.request('PUT', `${WIDGETS}/a`, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 2 } });
    expect(blind.status).toBe(422);
    expect(blind.json.message).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update');
    const seeing = await api.request('PUT', `${WIDGETS}/a`, { ...made.json, spec: { size: 2 } });
    expect(seeing.status).toBe(200);
    expect((await api.request('PATCH', `${WIDGETS}/a`, {}, { 'content-type': 'application/strategic-merge-patch+json' })).status).toBe(415);
  });

  it('is applied field by field, with conflicts', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const apply = (manager: string, spec: object): ReturnType<Harness['request']> =>
      api.request('PATCH', `${WIDGETS}/a?fieldManager=${manager}`, { apiVersion: 'example.com/v1', kind: 'Widget', spec }, { 'content-type': 'application/apply-patch+yaml' });
    expect((await apply('one', { size: 1, parts: [{ name: 'x', count: 1 }] })).status).toBe(201);
    const both = await apply('two', { parts: [{ name: 'y', count: 2 }] });
    expect(both.json.spec.parts).toEqual([
      { name: 'x', count: 1 },
      { name: 'y', count: 2 },
    ]);
    const conflict = await apply('two', { size: 3, parts: [{ name: 'y', count: 2 }] });
    expect(conflict.status).toBe(409);
    expect(conflict.json.message).toContain('conflict with "one": .spec.size');
  });

  it('shows its columns and is selected by its fields', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    for (const [name, colour] of [
      ['a', 'red'],
      ['b', 'green'],
    ])
      await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec: { size: 1, colour } });
    const table = await api.request('GET', WIDGETS, undefined, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
    expect(table.json.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Size', 'Colour', 'Age']);
    expect(table.json.rows[1].cells.slice(0, 3)).toEqual(['b', 1, 'green']);
    const green = await api.request('GET', `${WIDGETS}?fieldSelector=spec.colour%3Dgreen`);
    expect(green.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b']);
    const unknown = await api.request('GET', `${WIDGETS}?fieldSelector=spec.size%3D1`);
    expect(unknown.json.message).toBe('field label not supported: spec.size');
  });

  it('is shown in each of its versions, with the defaults of today', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 1 } });
    const stored = (await api.request('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com')).json;
    stored.spec.versions.push(versionOf('v2', false, { weight: { type: 'integer', default: 7 }, size: { type: 'integer' } }));
    expect((await api.request('PUT', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com', stored)).status).toBe(200);
    const two = await api.request('GET', '/apis/example.com/v2/namespaces/default/widgets/a');
    expect(two.json).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 1, weight: 7 } });
    expect(two.json.spec.colour).toBeUndefined();
    const made = await api.request('POST', '/apis/example.com/v2/namespaces/default/widgets', {
      apiVersion: 'example.com/v2',
      kind: 'Widget',
      metadata: { name: 'b' },
      spec: { size: 2 },
    });
    expect(made.json).toMatchObject({ apiVersion: 'example.com/v2', spec: { weight: 7 } });
    const one = await api.request('GET', `${WIDGETS}/b`);
    expect(one.json).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 2, colour: 'red' } });
    const red = await api.request('GET', `${WIDGETS}?fieldSelector=spec.colour%3Dred`);
    expect(red.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['a', 'b']);
    const watch = await api.watch('/apis/example.com/v2/namespaces/default/widgets?watch=1&resourceVersion=1');
    await watch.until(2);
    expect(watch.events.map(({ object }) => object['apiVersion'])).toEqual(['example.com/v2', 'example.com/v2']);
    watch.close();
  });

  it('is in discovery as long as it is defined', async () => {
    await api.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition());
    await establish(api, 'widgets.example.com');
    const resources = await api.request('GET', '/apis/example.com/v1');
    expect(resources.json.resources.map(({ name }: { name: string }) => name)).toEqual(['widgets', 'widgets/scale', 'widgets/status']);
    const deleted = await api.request('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com');
    expect(deleted.json.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(deleted.json.status.conditions.map(({ type }: { type: string }) => type)).toContain('Terminating');
    const create = await api.request('POST', WIDGETS, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'z' }, spec: { size: 1 } });
    expect(create.json.message).toContain('create not allowed while custom resource definition is terminating');
  });
});
