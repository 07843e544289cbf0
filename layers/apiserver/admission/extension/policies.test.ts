import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { defaultPlugins } from '../default-plugins.ts';

let api: Harness;

beforeEach(async () => {
  api = await startHarness({
    admission: defaultPlugins({ serviceCIDR: '10.96.0.0/16', nodePorts: [30000, 32767], defaultTolerationSeconds: 20, random: Math.random, services: () => api.server.services }),
  });
  for (const [name, labels] of [
    ['default', {}],
    ['strict', { env: 'prod' }],
  ] as const)
    await api.request('POST', '/api/v1/namespaces', { metadata: { name, labels } });
});
afterEach(() => api.close());

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

const constraints = (resources: readonly string[], operations = ['CREATE', 'UPDATE']): object => ({
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations, resources }],
});

async function make(resource: string, body: object): Promise<void> {
  const answer = await api.request('POST', `${ADMISSION}/${resource}`, body);
  expect(answer.status, answer.text).toBe(201);
}

async function validating(name: string, spec: object, binding: object = { validationActions: ['Deny'] }): Promise<void> {
  await make('validatingadmissionpolicies', { metadata: { name }, spec: { matchConstraints: constraints(['configmaps']), ...spec } });
  await make('validatingadmissionpolicybindings', { metadata: { name: `${name}-binding` }, spec: { policyName: name, ...binding } });
}

async function mutating(name: string, spec: object): Promise<void> {
  await make('mutatingadmissionpolicies', { metadata: { name }, spec: { matchConstraints: constraints(['configmaps']), reinvocationPolicy: 'Never', ...spec } });
  await make('mutatingadmissionpolicybindings', { metadata: { name: `${name}-binding` }, spec: { policyName: name } });
}

const config = (data: Record<string, string>, namespace = 'default', labels = {}) =>
  api.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { generateName: 'c-', labels }, data });

describe('validating policies', () => {
  it('refuse with the message of the expression, or what was asked for', async () => {
    await validating('sizes', {
      variables: [{ name: 'count', expression: 'has(object.data) ? object.data.size() : 0' }],
      validations: [
        { expression: 'variables.count < 3' },
        { expression: '!("bad" in object.data)', message: 'bad is bad', reason: 'Forbidden' },
        { expression: '!object.data.exists(k, object.data[k] == "x")', messageExpression: '"count is " + string(variables.count)' },
      ],
    });
    expect((await config({ a: '1' })).status).toBe(201);
    const many = await config({ a: '1', b: '2', c: '3' });
    expect(many.status).toBe(422);
    expect(many.json.message).toMatch(
      /^configmaps "c-\w+" is forbidden: ValidatingAdmissionPolicy 'sizes' with binding 'sizes-binding' denied request: failed expression: variables.count < 3$/,
    );
    expect(many.json.reason).toBe('Invalid');
    const bad = await config({ bad: '1' });
    expect([bad.status, bad.json.reason]).toEqual([403, 'Forbidden']);
    expect(bad.json.message).toContain('denied request: bad is bad');
    expect((await config({ q: 'x' })).json.message).toContain('denied request: count is 1');
  });

  it('warn, and match by namespace, labels and conditions', async () => {
    await validating(
      'never',
      {
        matchConditions: [{ name: 'not-admin', expression: '"system:masters" in request.userInfo.groups && request.operation == "CREATE"' }],
        validations: [{ expression: 'false', message: 'no' }],
      },
      {
        validationActions: ['Warn'],
        matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } }, objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] } },
      },
    );
    expect((await config({}, 'default')).headers['warning']).toBeUndefined();
    expect((await config({}, 'strict', { skip: 'yes' })).headers['warning']).toBeUndefined();
    const warned = await config({}, 'strict');
    expect(warned.status).toBe(201);
    expect(warned.headers['warning']).toEqual(["299 - \"Validation failed for ValidatingAdmissionPolicy 'never' with binding 'never-binding': no\""]);
  });

  it('take parameters by name and by selector', async () => {
    await api.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'limits', labels: { kind: 'limit' } }, data: { max: '2' } });
    await make('validatingadmissionpolicies', {
      metadata: { name: 'limited' },
      spec: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: constraints(['secrets']),
        validations: [{ expression: '!has(object.data) || object.data.size() <= int(params.data.max)', messageExpression: '"at most " + params.data.max' }],
      },
    });
    await make('validatingadmissionpolicybindings', {
      metadata: { name: 'limited' },
      spec: { policyName: 'limited', validationActions: ['Deny'], paramRef: { selector: { matchLabels: { kind: 'limit' } }, parameterNotFoundAction: 'Deny' } },
    });
    const secret = (namespace: string, stringData: object) => api.request('POST', `/api/v1/namespaces/${namespace}/secrets`, { metadata: { generateName: 's-' }, stringData });
    expect((await secret('default', { a: '1', b: '2' })).status).toBe(201);
    expect((await secret('default', { a: '1', b: '2', c: '3' })).json.message).toContain('denied request: at most 2');
    expect((await secret('strict', {})).json.message).toContain('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction');
  });

  it('ask the authorizer', async () => {
    await validating('authorized', {
      validations: [{ expression: 'authorizer.group("").resource("pods").namespace("default").check("create").allowed() && authorizer.requestResource.check("custom").allowed()' }],
    });
    expect((await config({})).status).toBe(201);
  });

  it('errors fail closed, or open', async () => {
    await validating('broken', { validations: [{ expression: 'object.data.nothing == "x"' }] });
    expect((await config({ a: '1' })).json.message).toContain('expression \'object.data.nothing == "x"\' resulted in error: no such key: nothing');
    await api.request('PATCH', `${ADMISSION}/validatingadmissionpolicies/broken`, { spec: { failurePolicy: 'Ignore' } }, { 'content-type': 'application/merge-patch+json' });
    expect((await config({ a: '1' })).status).toBe(201);
  });

  it('are checked when they are written', async () => {
    const answer = await api.request('POST', `${ADMISSION}/validatingadmissionpolicies`, {
      metadata: { name: 'wrong' },
      spec: { matchConstraints: constraints(['pods']), validations: [{ expression: 'object.spec +' }, { expression: 'object.x' }, { expression: 'true', message: 'two\nlines' }] },
    });
    expect(answer.status).toBe(422);
    expect(answer.json.details.causes.map(({ field, message }: { field: string; message: string }) => `${field}: ${message.split('\n')[0]}`)).toEqual([
      expect.stringMatching(
        /^spec.validations\[0\].expression: Invalid value: "object.spec \+": compilation failed: ERROR: <input>:1:14: Syntax error: mismatched input '<EOF>' expecting/,
      ),
      'spec.validations[1].expression: Invalid value: "object.x": must evaluate to bool but got dyn',
      'spec.validations[2].message: Invalid value: "two\\nlines": message must not contain line breaks',
    ]);
  });
});

describe('mutating policies', () => {
  it('lay an apply configuration over the object', async () => {
    await mutating('labels', {
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"by": "policy"}}, data: {"n": string(object.data.size())}}' },
        },
        { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: "c"}]' } },
      ],
    });
    const made = await config({ x: 'y' }, 'default', { own: '1' });
    expect(made.status).toBe(201);
    expect(made.json.metadata.labels).toEqual({ own: '1', by: 'policy', 'a/b': 'c' });
    expect(made.json.data).toEqual({ x: 'y', n: '1' });
  });

  it('run again when a later one changed the object', async () => {
    await mutating('a-count', {
      reinvocationPolicy: 'IfNeeded',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"keys": string(object.data.size())}}}' } }],
    });
    await mutating('b-add', {
      matchConditions: [{ name: 'once', expression: '!("added" in object.data)' }],
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{data: {"added": "1"}}' } }],
    });
    expect((await config({ x: 'y' })).json.metadata.labels).toEqual({ keys: '2' });
  });

  it('may not touch what is replaced whole', async () => {
    await mutating('owner', {
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: Object.metadata.wrong{}}}' } }],
    });
    const answer = await config({ x: 'y' });
    expect(answer.status).toBe(403);
    expect(answer.json.message).toContain("policy 'owner' with binding 'owner-binding' denied request: type mismatch: ");
  });
});
