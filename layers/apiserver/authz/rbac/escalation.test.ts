import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPlugins } from '../../admission/default-plugins.ts';
import { AUTHENTICATED_GROUP } from '../../authn/port.ts';
import { type Harness, startHarness } from '../../testing/harness.ts';
import { systemMasters } from '../system-masters.ts';
import { inOrder } from '../union.ts';
import { rbacAuthorizer } from './authorizer.ts';
import { openRbacState, type RbacState } from './state.ts';

let api: Harness;
let rbac: RbacState;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

beforeAll(async () => {
  let authorizer = inOrder([]);
  api = await startHarness({
    authenticator: {
      authenticate: async ({ headers }) => {
        const name = headers['x-user'] ?? 'admin';
        return { name, groups: [...(name === 'admin' ? ['system:masters'] : []), AUTHENTICATED_GROUP] };
      },
    },
    authorizer: { authorize: (attributes) => authorizer.authorize(attributes) },
    admission: [
      {
        name: 'late',
        handles: () => true,
        validate: (attributes, services) => {
          const plugins = defaultPlugins({
            serviceCIDR: '10.96.0.0/16',
            nodePorts: [30000, 32767],
            defaultTolerationSeconds: 20,
            random: Math.random,
            rbac,
            services: () => api.server.services,
          });
          const own = plugins.find(({ name }) => name === 'RBACEscalation')!;
          return own.handles(attributes) ? own.validate!(attributes, services) : undefined;
        },
      },
    ],
  });
  rbac = await openRbacState(api.store);
  authorizer = inOrder([systemMasters, rbacAuthorizer(rbac)]);
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  const role = (name: string, rules: object[]) => api.request('POST', `${RBAC}/clusterroles`, { metadata: { name }, rules });
  await role('writer', [
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['get', 'create', 'update'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  ]);
  await role('escalator', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'escalate'] }]);
  await role('binder', [
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: ['all'], verbs: ['bind'] },
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['create'] },
  ]);
  await role('all', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
  for (const name of ['writer', 'escalator', 'binder'])
    await api.request('POST', `${RBAC}/namespaces/default/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    });
});
afterAll(async () => {
  rbac.close();
  await api.close();
});

const write = (user: string, name: string, rules: object[]) => api.request('POST', `${RBAC}/namespaces/default/roles`, { metadata: { name }, rules }, { 'x-user': user });
const bind = (user: string, name: string, role: string, kind = 'ClusterRole') =>
  api.request(
    'POST',
    `${RBAC}/namespaces/default/rolebindings`,
    { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'x' }] },
    { 'x-user': user },
  );

describe('writers of roles', () => {
  it('give what they have', async () => {
    expect((await write('writer', 'fine', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])).status).toBe(201);
  });
  it('give no more', async () => {
    const answer = await write('writer', 'more', [{ apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get', 'delete'] }]);
    expect(answer.status).toBe(403);
    expect(answer.json.message).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "writer" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    );
  });
  it('may be allowed to', async () => {
    expect((await write('escalator', 'any', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])).status).toBe(201);
    expect((await write('admin', 'own', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])).status).toBe(201);
  });
});

describe('writers of bindings', () => {
  it('bind what they hold, or what they may bind', async () => {
    expect((await bind('writer', 'w1', 'writer')).status).toBe(201);
    expect((await bind('writer', 'w2', 'all')).status).toBe(403);
    expect((await bind('binder', 'b1', 'all')).status).toBe(201);
    expect((await bind('binder', 'b2', 'writer')).json.message).toContain('is attempting to grant RBAC permissions not currently held');
  });
  it('cannot bind what is not there', async () => {
    const answer = await bind('writer', 'w3', 'missing', 'Role');
    expect([answer.status, answer.json.message]).toEqual([404, 'roles.rbac.authorization.k8s.io "missing" not found']);
  });
});
