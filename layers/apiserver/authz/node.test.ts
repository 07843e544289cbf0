import { afterEach, beforeEach, expect, it } from 'vitest';
import { reviewHandlers } from '../virtual/reviews.ts';
import { type Harness, startHarness } from '../testing/harness.ts';
import { nodeAuthorizer } from './node.ts';
import type { AuthorizationAttributes, Authorizer } from './port.ts';
import { inOrder } from './union.ts';

let api: Harness;
let asked: AuthorizationAttributes | undefined;
const ADMIN: Authorizer = {
  authorize(attributes) {
    asked = attributes;
    return { outcome: attributes.user.groups.includes('system:masters') ? 'allow' : 'none', reason: '' };
  },
};

beforeEach(async () => {
  let authorizer: Authorizer = ADMIN;
  const late: Authorizer = { authorize: (attributes) => authorizer.authorize(attributes) };
  const unused = (): never => {
    throw new Error('not asked for');
  };
  api = await startHarness({
    authorizer: late,
    virtuals: reviewHandlers({ authorizer: late, rbac: { grants: unused } as never, tokens: { check: unused } as never, otherTokens: unused, apiAudiences: [] }),
  });
  authorizer = inOrder([ADMIN, nodeAuthorizer(api.store, Date.now)]);
  for (const [url, body] of [
    ['/api/v1/namespaces', { metadata: { name: 'default' } }],
    ['/api/v1/namespaces/default/pods', pod('mine', 'one')],
    ['/api/v1/namespaces/default/pods', pod('theirs', 'two')],
    ['/api/v1/persistentvolumes', volume('used', 'claim-mine')],
    ['/api/v1/persistentvolumes', volume('other', 'claim-theirs')],
  ] as const) {
    const made = await api.request('POST', url, body);
    expect(made.status, made.text).toBe(201);
  }
});
afterEach(() => api.close());

const pod = (name: string, nodeName: string): object => ({
  metadata: { name },
  spec: {
    nodeName,
    serviceAccountName: `account-${name}`,
    containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: `secret-${name}` } }] }],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: `claim-${name}` } }],
  },
});
const volume = (name: string, claim: string): object => ({
  metadata: { name },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, claimRef: { namespace: 'default', name: claim } },
});

async function review(resourceAttributes: object, more: object = {}, namespace?: string) {
  const body = { spec: { user: 'system:node:one', groups: ['system:nodes'], resourceAttributes, ...more } };
  return api.request('POST', `/apis/authorization.k8s.io/v1/${namespace === undefined ? 'subjectaccessreviews' : `namespaces/${namespace}/localsubjectaccessreviews`}`, body);
}
const may = async (verb: string, resource: string, name = '', more: object = {}): Promise<boolean | string> => {
  const [plain, subresource] = resource.split('/');
  const { json } = await review({
    verb,
    resource: plain,
    name,
    ...(subresource === undefined ? {} : { subresource }),
    ...(/^(nodes|persistentvolumes)/.test(resource) ? {} : { namespace: 'default' }),
    ...more,
  });
  return json.status.allowed || (json.status.reason ?? '');
};
const onNode = (name: string) => ({ fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: [name] }] } });

it('lets a node read its own pods and what they use', async () => {
  expect(await may('list', 'pods', '', onNode('one'))).toBe(true);
  expect(await may('watch', 'pods', '', { fieldSelector: { rawSelector: 'status.phase!=Failed,spec.nodeName=one' } })).toBe(true);
  for (const [verb, resource, name] of [
    ['get', 'pods', 'mine'],
    ['get', 'secrets', 'secret-mine'],
    ['watch', 'secrets', 'secret-mine'],
    ['get', 'persistentvolumeclaims', 'claim-mine'],
    ['get', 'persistentvolumes', 'used'],
    ['create', 'serviceaccounts/token', 'account-mine'],
    ['get', 'nodes', 'one'],
    ['patch', 'nodes/status', 'one'],
    ['create', 'pods/eviction', 'mine'],
    ['list', 'services', ''],
  ] as const)
    expect(await may(verb, resource, name), `${verb} ${resource} ${name}`).toBe(true);
});

it('keeps it from what is another node’s', async () => {
  const NO = "no relationship found between node 'one' and this object";
  const NARROW = 'can only list/watch pods with spec.nodeName field selector';
  expect(await may('list', 'pods', '', onNode('two'))).toBe(NARROW);
  expect(await may('list', 'pods')).toBe(NARROW);
  for (const [verb, resource, name, why] of [
    ['get', 'pods', 'theirs', NO],
    ['get', 'secrets', 'secret-theirs', NO],
    ['list', 'secrets', '', 'No Object name found'],
    ['get', 'persistentvolumes', 'other', NO],
    ['create', 'serviceaccounts/token', 'account-theirs', NO],
    ['get', 'nodes', 'two', "node 'one' cannot read 'two', only its own Node object"],
    ['list', 'nodes', '', "node 'one' cannot read all nodes, only its own Node object"],
    ['delete', 'secrets', 'secret-mine', ''],
  ] as const)
    expect(await may(verb, resource, name), `${verb} ${resource} ${name}`).toBe(why);
});

it('is asked with the selectors of lists, too', async () => {
  await api.request('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Done&labelSelector=a+in+(b)');
  expect(asked).toMatchObject({
    verb: 'list',
    fieldSelector: [{ field: 'spec.nodeName', operator: '=', value: 'one' }],
    labelSelector: [{ key: 'a', operator: 'In', values: ['b'] }],
  });
  await api.request('GET', '/api/v1/namespaces/default/pods/mine?fieldSelector=a%3Db');
  expect(asked!.fieldSelector).toBeUndefined();
});

it('hears of selectors that say too little or too much', async () => {
  const of = async (fieldSelector: object) => (await review({ verb: 'list', resource: 'pods', fieldSelector })).json;
  expect((await of({})).message).toContain(
    'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
  );
  expect((await of({ rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'In', values: ['b'] }] })).message).toContain(
    'rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
  );
  expect((await of({ rawSelector: '((' })).status.evaluationError).toBe('spec.resourceAttributes.fieldSelector ignored due to parse error');
  const newer = { key: 'x', operator: 'Near', values: ['1'] };
  expect((await of({ requirements: [newer, ...onNode('one').fieldSelector.requirements] })).status).toEqual({
    allowed: true,
    evaluationError: 'spec.resourceAttributes.fieldSelector partially ignored due to parse error',
  });
});

it('takes nothing but a namespace beside the question', async () => {
  expect((await review({ verb: 'get', resource: 'pods', namespace: 'other' }, {}, 'default')).json.message).toContain(
    'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
  );
  const named = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    metadata: { name: 'x', creationTimestamp: null },
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  });
  expect(named.json.message).toContain('must be empty');
  const plain = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    metadata: { creationTimestamp: null },
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  });
  expect(plain.json.status).toEqual({ allowed: true });
  expect(asked).toMatchObject({ version: '*', verb: 'get' });
});
