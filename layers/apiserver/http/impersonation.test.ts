import { expect, it } from 'vitest';
import type { User } from '../authn/port.ts';
import type { AuthorizationAttributes } from '../authz/port.ts';
import { startHarness } from '../testing/harness.ts';

const said = ({ verb, group, resource, subresource, namespace, name }: AuthorizationAttributes): string =>
  [verb, `${resource}${subresource === '' ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`, ...(namespace === '' ? [] : [`in ${namespace}`]), name].join(' ').trimEnd();

/** Who the server takes the caller for, or why not; and the questions that were asked of `by`. */
async function ask(headers: Record<string, string>, grants: readonly string[], by: User = { name: 'ci', groups: [] }) {
  const asked: string[] = [];
  let who: User | undefined;
  const api = await startHarness({
    authenticator: { authenticate: async () => by },
    authorizer: {
      authorize(attributes) {
        if (attributes.user.name !== by.name) {
          who = attributes.user;
          return { outcome: 'allow', reason: '' };
        }
        asked.push(said(attributes));
        return { outcome: grants.includes(said(attributes)) || grants.includes(attributes.verb) ? 'allow' : 'none', reason: '' };
      },
    },
  });
  const answer = await api.request('GET', '/api/v1/namespaces/default/pods', undefined, headers);
  await api.close();
  return { asked, who, message: answer.json.message as string | undefined, status: answer.status };
}

it('asks for the narrow right first, and for the old one last', async () => {
  const { asked, who } = await ask({ 'impersonate-user': 'jane', 'impersonate-group': 'dev' }, ['impersonate']);
  expect(asked).toEqual(['impersonate-on:user-info:list pods in default', 'impersonate users jane', 'impersonate groups dev']);
  expect(who).toEqual({ name: 'jane', groups: ['dev', 'system:authenticated'] });
});

it('lets a user act as another for one verb', async () => {
  const grants = ['impersonate-on:user-info:list pods in default', 'impersonate:user-info users.authentication.k8s.io jane'];
  expect((await ask({ 'impersonate-user': 'jane' }, grants)).who).toEqual({ name: 'jane', groups: ['system:authenticated'] });
  expect((await ask({ 'impersonate-user': 'joe' }, grants)).message).toBe(
    'users.authentication.k8s.io "joe" is forbidden: User "ci" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
  );
  expect((await ask({ 'impersonate-user': 'jane' }, grants.slice(1))).message).toBe(
    'pods is forbidden: User "ci" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
  );
});

it('never makes masters narrowly, nor strange extras', async () => {
  const narrow = ['impersonate-on:user-info:list', 'impersonate:user-info'];
  expect((await ask({ 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' }, narrow)).message).toContain('impersonating the system:masters group is not allowed');
  expect((await ask({ 'impersonate-user': 'jane', 'impersonate-extra-plain': 'x' }, narrow)).message).toContain(
    'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")',
  );
  const { asked, who } = await ask({ 'impersonate-user': 'jane', 'impersonate-uid': 'u', 'impersonate-extra-acme.io%2fa': 'x' }, narrow);
  expect(who).toEqual({ name: 'jane', uid: 'u', groups: ['system:authenticated'], extra: { 'acme.io/a': ['x'] } });
  expect(asked.slice(1)).toEqual([
    'impersonate:user-info users.authentication.k8s.io jane',
    'impersonate:user-info uids.authentication.k8s.io u',
    'impersonate:user-info userextras/acme.io/a.authentication.k8s.io x',
  ]);
});

it('asks once for many groups', async () => {
  const { asked } = await ask({ 'impersonate-user': 'jane', 'impersonate-group': 'a,b,c,d' }, ['impersonate-on:user-info:list', 'impersonate:user-info']);
  expect(asked.slice(2)).toEqual(['impersonate:user-info groups.authentication.k8s.io *']);
});

it('knows accounts and nodes', async () => {
  const account = await ask({ 'impersonate-user': 'system:serviceaccount:default:bot' }, ['impersonate-on:serviceaccount:list', 'impersonate:serviceaccount']);
  expect(account.who).toEqual({ name: 'system:serviceaccount:default:bot', groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'] });
  expect(account.asked[1]).toBe('impersonate:serviceaccount serviceaccounts.authentication.k8s.io in default bot');
  const node = await ask({ 'impersonate-user': 'system:node:one' }, ['impersonate-on:arbitrary-node:list', 'impersonate:arbitrary-node']);
  expect(node.who).toEqual({ name: 'system:node:one', groups: ['system:nodes', 'system:authenticated'] });
  expect(node.asked[1]).toBe('impersonate:arbitrary-node nodes.authentication.k8s.io one');
});

it('lets an account be the node that it runs on', async () => {
  const agent: User = { name: 'system:serviceaccount:default:agent', groups: [], extra: { 'authentication.kubernetes.io/node-name': ['one'] } };
  const grants = ['impersonate-on:associated-node:list', 'impersonate:associated-node nodes.authentication.k8s.io *'];
  expect((await ask({ 'impersonate-user': 'system:node:one' }, grants, agent)).who!.name).toBe('system:node:one');
  expect((await ask({ 'impersonate-user': 'system:node:two' }, grants, agent)).status).toBe(403);
});

it('needs a user to speak for', async () => {
  expect((await ask({ 'impersonate-group': 'a' }, [])).status).toBe(400);
});
