/** Admission as users of a cluster meet it: webhooks at a URL, policies, Pod Security, who may grant what; with kubectl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster, until } from '../helpers/cluster.ts';

interface Posted {
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}
interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly dryRun: boolean;
    readonly name: string;
    readonly object: Posted;
    readonly oldObject: Posted | null;
    readonly userInfo: { readonly username: string };
  };
}
type Answer = (review: Review) => object | Promise<object>;

const folder = mkdtempSync(join(tmpdir(), 'paperplane-admission-'));
const auditLog = join(folder, 'audit.log');
writeFileSync(
  join(folder, 'policy.yaml'),
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: RequestResponse\n  verbs: [create]\n  resources: [{group: "", resources: [configmaps]}]\n',
);
const cluster = testCluster(0, ['--simulated-nodes', '1', '--audit-policy-file', join(folder, 'policy.yaml'), '--audit-log-path', auditLog]);
const answers = new Map<string, Answer>();
const reviews: { readonly path: string; readonly review: Review }[] = [];
let server: Server;
let url = '';
let caBundle = '';

beforeAll(async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=webhook', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    { stdio: 'ignore' },
  );
  caBundle = readFileSync(cert).toString('base64');
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const parts: Buffer[] = [];
    const reply = async (): Promise<void> => {
      const review = JSON.parse(Buffer.concat(parts).toString()) as Review;
      const path = request.url!.split('?')[0]!;
      reviews.push({ path, review });
      const answer = await answers.get(path)!(review);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.request.uid, ...answer } }));
    };
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => void reply());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = await cluster.start();
  expect(started.stderr + started.stdout).toContain('is ready');
  await ok(['create', 'namespace', 'team']);
  await until(
    () => kubectl(['-n', 'team', 'get', 'serviceaccount', 'default']),
    (ran) => ran.code === 0,
  );
}, 180_000);
afterAll(async () => {
  await cluster.stop();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
}, 60_000);

const kubectl = (args: readonly string[], input?: string) => cluster.kubectl(args, input);
async function ok(args: readonly string[], input?: string): Promise<string> {
  const ran = await kubectl(args, input);
  if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout;
}
const apply = (object: object) => ok(['apply', '-f', '-'], JSON.stringify(object));
const configMap = (name: string, data: Record<string, string>, namespace = 'team', more: readonly string[] = []) =>
  kubectl(['-n', namespace, 'create', '-f', '-', ...more], JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }));

const RULES = [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
const hook = (name: string, path: string, more: object = {}): object => ({
  name,
  clientConfig: { url: `${url}${path}`, caBundle },
  rules: RULES,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'team' } },
  ...more,
});
const configuration = (kind: 'Mutating' | 'Validating', ...webhooks: readonly object[]): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${kind}WebhookConfiguration`,
  metadata: { name: 'test' },
  webhooks,
});
const patch = (...operations: readonly object[]): object => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });

describe('webhooks', () => {
  test('refuse, warn, annotate', async () => {
    answers.set('/deny', ({ request }) =>
      request.object.data?.bad === undefined
        ? { allowed: true, warnings: ['mind the gap'], auditAnnotations: { seen: request.object.metadata.name } }
        : { allowed: false, status: { message: 'bad is bad', code: 403, reason: 'Forbidden' } },
    );
    await apply(configuration('Validating', hook('deny.example.com', '/deny')));
    const refused = await configMap('bad', { bad: '1' });
    expect(refused.stderr).toContain('Error from server (Forbidden): error when creating "STDIN": admission webhook "deny.example.com" denied the request: bad is bad');
    const taken = await configMap('good', { fine: '1' });
    expect(taken.stderr).toBe('Warning: mind the gap\n');
    expect((await configMap('elsewhere', { bad: '1' }, 'default')).code).toBe(0);
    const { request } = reviews.at(-1)!.review;
    expect(request).toMatchObject({
      operation: 'CREATE',
      name: 'good',
      namespace: 'team',
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      userInfo: { username: 'kubernetes-admin' },
      dryRun: false,
      oldObject: null,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    });
    const events = await until(
      async () =>
        readFileSync(auditLog, 'utf8')
          .trim()
          .split('\n')
          .map(
            (line) =>
              JSON.parse(line) as {
                objectRef: { name?: string; namespace: string };
                requestObject: { metadata: { name: string } };
                annotations: Record<string, string>;
                responseStatus: { code: number };
              },
          ),
      (all) => all.some(({ requestObject }) => requestObject.metadata.name === 'good'),
    );
    expect(events.find(({ requestObject }) => requestObject.metadata.name === 'good')).toMatchObject({
      responseStatus: { code: 201 },
      annotations: { 'deny.example.com/seen': 'good' },
    });
    expect(events.find(({ requestObject }) => requestObject.metadata.name === 'bad')).toMatchObject({ responseStatus: { code: 403, reason: 'Forbidden' } });
    await ok(['delete', 'validatingwebhookconfiguration', 'test']);
  });

  test('mutate in order, and again when a later one changed the object', async () => {
    answers.set('/first', ({ request }) =>
      patch({
        op: 'add',
        path: '/data/keys',
        value: Object.keys(request.object.data!)
          .filter((key) => key !== 'keys')
          .sort()
          .join(','),
      }),
    );
    answers.set('/second', ({ request }) => (request.object.data!.second === undefined ? patch({ op: 'add', path: '/data/second', value: 'yes' }) : { allowed: true }));
    await apply(configuration('Mutating', hook('first.example.com', '/first', { reinvocationPolicy: 'IfNeeded' }), hook('second.example.com', '/second')));
    const before = reviews.length;
    expect((await configMap('changed', { a: '1' })).code).toBe(0);
    expect(JSON.parse(await ok(['-n', 'team', 'get', 'configmap', 'changed', '-o', 'jsonpath={.data}']))).toEqual({ a: '1', second: 'yes', keys: 'a,second' });
    expect(reviews.slice(before).map(({ path }) => path)).toEqual(['/first', '/second', '/first']);
    // what a dry run may not do is not asked for
    await apply(configuration('Mutating', hook('first.example.com', '/first', { sideEffects: 'NoneOnDryRun' })));
    expect((await configMap('dry', { a: '1' }, 'team', ['--dry-run=server', '-o', 'jsonpath={.data.keys}'])).stdout).toBe('a');
    expect(reviews.at(-1)!.review.request.dryRun).toBe(true);
    await ok(['delete', 'mutatingwebhookconfiguration', 'test']);
  });

  test('are called under conditions, fail closed or open, and within their time', async () => {
    answers.set('/slow', () => new Promise((resolve) => setTimeout(() => resolve({ allowed: true }), 3000)));
    const slow = (more: object) => apply(configuration('Validating', hook('slow.example.com', '/slow', { timeoutSeconds: 1, ...more })));
    await slow({});
    expect((await configMap('slow', {})).stderr).toMatch(
      /^Error from server \(InternalError\): error when creating "STDIN": Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/slow\?timeout=1s": context deadline exceeded/,
    );
    await slow({ failurePolicy: 'Ignore' });
    expect((await configMap('slow', {})).code).toBe(0);
    await slow({ matchConditions: [{ name: 'big', expression: 'object.data.size() > 2 && request.userInfo.username.startsWith("kubernetes-")' }] });
    expect((await configMap('small', { a: '1' })).code).toBe(0);
    expect((await configMap('large', { a: '1', b: '2', c: '3' })).stderr).toContain('failed calling webhook');
    const wrong = await kubectl(
      ['apply', '-f', '-'],
      JSON.stringify(configuration('Validating', hook('slow.example.com', '/slow', { matchConditions: [{ name: 'x', expression: 'object.data.size( > 2' }] }))),
    );
    expect(wrong.stderr).toContain('webhooks[0].matchConditions[0].expression: Invalid value: "object.data.size( > 2": compilation failed: ERROR: <input>:1:19: Syntax error');
    await ok(['delete', 'validatingwebhookconfiguration', 'test']);
  });
});

describe('policies', () => {
  const constraints = { resourceRules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }] };
  const deployment = (name: string, replicas: number): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'team' },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  });

  test('validate, and are themselves checked against types', async () => {
    await apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'few' },
      spec: {
        matchConstraints: constraints,
        validations: [
          { expression: 'object.spec.replicas <= 5', messageExpression: '"at most 5, not " + string(object.spec.replicas)' },
          { expression: '!has(object.spec.replicaz)' },
        ],
      },
    });
    await apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'few' },
      spec: { policyName: 'few', validationActions: ['Deny'] },
    });
    const status = await until(
      async () =>
        JSON.parse(await ok(['get', 'validatingadmissionpolicy', 'few', '-o', 'json'])) as {
          status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] } };
        },
      (policy) => policy.status?.observedGeneration === 1,
    );
    expect(status.status!.typeChecking!.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[1].expression',
        warning: expect.stringContaining("apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:5: undefined field 'replicaz'"),
      },
    ]);
    const refused = await kubectl(['apply', '-f', '-'], JSON.stringify(deployment('many', 9)));
    expect(refused.stderr).toContain("ValidatingAdmissionPolicy 'few' with binding 'few' denied request: at most 5, not 9");
    await apply(deployment('some', 2));
    // through the scale door too
    expect((await kubectl(['-n', 'team', 'scale', 'deployment', 'some', '--replicas=3'])).code).toBe(0);
    expect(await ok(['get', 'validatingadmissionpolicies'])).toMatch(/few +2 +<unset> /);
    await ok(['delete', 'validatingadmissionpolicy', 'few']);
    await ok(['delete', 'validatingadmissionpolicybinding', 'few']);
  });

  test('mutate lists by key', async () => {
    await apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'env' },
      spec: {
        matchConstraints: constraints,
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: {
              expression:
                'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers.item{name: c.name, env: [Object.spec.template.spec.containers.item.env.item{name: "TEAM", value: namespaceObject.metadata.name}]})}}}}',
            },
          },
        ],
      },
    });
    await apply({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicyBinding', metadata: { name: 'env' }, spec: { policyName: 'env' } });
    await apply(deployment('mutated', 1));
    const [container] = JSON.parse(await ok(['-n', 'team', 'get', 'deployment', 'mutated', '-o', 'jsonpath={.spec.template.spec.containers}'])) as {
      image: string;
      env: object[];
    }[];
    expect(container).toMatchObject({ image: 'i', env: [{ name: 'TEAM', value: 'team' }] });
    await ok(['delete', 'mutatingadmissionpolicy', 'env']);
    await ok(['delete', 'mutatingadmissionpolicybinding', 'env']);
  });
});

test('Pod Security refuses pods and warns of controllers', async () => {
  await ok(['create', 'namespace', 'strict']);
  await ok(['label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted']);
  await until(
    () => kubectl(['-n', 'strict', 'get', 'serviceaccount', 'default']),
    (ran) => ran.code === 0,
  );
  const refused = await kubectl(['-n', 'strict', 'run', 'p', '--image=i']);
  expect(refused.stderr).toContain(
    'Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "p" must set securityContext.allowPrivilegeEscalation=false)',
  );
  const warned = await kubectl(['-n', 'strict', 'create', 'deployment', 'd', '--image=i']);
  expect(warned.stderr).toContain('Warning: would violate PodSecurity "restricted:latest"');
});

test('nobody grants what he does not hold, and bootstrap tokens come in', async () => {
  await ok(['create', 'clusterrole', 'granter', '--verb=create,get', '--resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io']);
  await ok(['create', 'clusterrolebinding', 'granter', '--clusterrole=granter', '--user=jane']);
  const refused = await kubectl(['-n', 'team', 'create', 'role', 'more', '--verb=get', '--resource=secrets', '--as=jane']);
  expect(refused.stderr).toContain(
    'user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
  );
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', 'auth-extra-groups': 'system:bootstrappers:team' },
  });
  const review = JSON.parse(
    await ok(['create', '-o', 'json', '-f', '-'], JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'abcdef.0123456789abcdef' } })),
  ) as { status: object };
  expect(review.status).toMatchObject({
    authenticated: true,
    user: { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:team', 'system:authenticated'] },
  });
});
