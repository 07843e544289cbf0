import { describe, expect, it } from 'vitest';
import { AUTHENTICATED_GROUP } from '../authn/port.ts';
import { type Harness, startHarness } from '../testing/harness.ts';
import { systemClock } from '#machinery/system.ts';
import { auditor } from './auditor.ts';
import type { AuditEvent } from './event.ts';
import { type AuditPolicy, readPolicy } from './policy.ts';

async function audited(policy: Partial<AuditPolicy>, run: (api: Harness) => Promise<unknown>): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  const api = await startHarness({
    audit: auditor(readPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }), (event) => void events.push(event), systemClock),
    authenticator: {
      authenticate: async ({ headers }) => (headers['x-user'] === 'nobody' ? undefined : { name: headers['x-user'] ?? 'admin', groups: [AUTHENTICATED_GROUP] }),
    },
    authorizer: { authorize: ({ user }) => (user.name === 'eve' ? { outcome: 'none', reason: 'no' } : { outcome: 'allow', reason: 'RBAC: yes' }) },
  });
  await run(api);
  await api.close();
  return events;
}

describe('an audit policy', () => {
  it('keeps who, what and how it ended, in stages', async () => {
    const events = await audited({ rules: [{ level: 'Metadata' }] }, (api) =>
      api.request('POST', '/api/v1/namespaces?fieldManager=t', { metadata: { name: 'a' } }, { 'user-agent': 'test' }),
    );
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete']);
    expect(events[1]).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      requestURI: '/api/v1/namespaces?fieldManager=t',
      verb: 'create',
      user: { username: 'admin', groups: ['system:authenticated'] },
      userAgent: 'test',
      objectRef: { resource: 'namespaces', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: yes' },
    });
    expect(events[0]!.auditID).toBe(events[1]!.auditID);
    expect(events[1]).not.toHaveProperty('requestObject');
  });

  it('keeps bodies where it says so, and refusals with their reason', async () => {
    const rules: AuditPolicy['rules'] = [
      { level: 'None', resources: [{ group: '', resources: ['secrets'] }] },
      { level: 'RequestResponse', verbs: ['create', 'patch'], resources: [{ group: '', resources: ['configmaps'] }], omitManagedFields: true },
      { level: 'Metadata', users: ['eve'] },
    ];
    const events = await audited({ rules, omitStages: ['RequestReceived'] }, async (api) => {
      await api.request('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' } });
      await api.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' }, data: { a: 'b' } });
      await api.request('GET', '/api/v1/namespaces/default/configmaps/c', undefined, { 'x-user': 'eve' });
      await api.request('GET', '/healthz');
    });
    expect(events).toHaveLength(2);
    expect(events[0]).toMatchObject({ requestObject: { metadata: { name: 'c' }, data: { a: 'b' } }, responseObject: { kind: 'ConfigMap', data: { a: 'b' } } });
    expect((events[0]!.responseObject as { metadata: object }).metadata).not.toHaveProperty('managedFields');
    expect(events[1]).toMatchObject({ user: { username: 'eve' }, responseStatus: { code: 403, reason: 'Forbidden' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } });
  });

  it('tells when a watch begins and when it ends', async () => {
    const events = await audited({ rules: [{ level: 'Metadata', verbs: ['watch'] }] }, async (api) => {
      const watch = await api.watch('/api/v1/namespaces?watch=1');
      watch.close();
    });
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  });

  it('tells who really asked', async () => {
    const events = await audited({ rules: [{ level: 'Metadata' }] }, (api) => api.request('GET', '/api/v1/pods', undefined, { 'impersonate-user': 'jane' }));
    expect(events.at(-1)).toMatchObject({ user: { username: 'admin' }, impersonatedUser: { username: 'jane' } });
  });

  it.each([
    [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1' }, 'loaded illegal policy with 0 rules'],
    [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [{ level: 'All' }] }, 'rules[0].level: Unsupported value: "All"'],
    [{ kind: 'Other' }, 'an audit policy is of kind Policy'],
  ])('that is none is refused: %j', (value, message) => {
    expect(() => readPolicy(value)).toThrow(message);
  });
});
