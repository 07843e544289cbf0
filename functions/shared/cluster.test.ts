/** What an environment remembers of a cluster, after it was frozen while another one wrote. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#machinery/system.ts';
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { ATTEMPT, localTable, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { skipWithoutDynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { startTestCluster, type TestCluster } from '../testing/cluster.ts';

/** Milliseconds: within a test nobody looks at a log by himself, as nobody does who is frozen. */
const NEVER = 3_600_000;

const POLICY = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'no-config-maps' },
  spec: {
    matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] },
    validations: [{ expression: 'false', message: 'no config maps here' }],
  },
};
const BINDING = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'no-config-maps' },
  spec: { policyName: 'no-config-maps', validationActions: ['Deny'] },
};

describe.skipIf(skipWithoutDynamodbLocal('environments on one table'))('an environment', { timeout: 120_000 }, () => {
  let local: LocalTable;
  beforeAll(async () => {
    local = await localTable();
  }, START_LIMIT);
  afterAll(async () => local.remove());

  const open = () =>
    openDynamoStore({
      client: local.client(),
      table: local.table,
      cluster: 'one',
      clock: systemClock,
      random: Math.random,
      timers: false,
      times: { attempt: ATTEMPT, poll: { least: NEVER, most: NEVER } },
    });
  async function create({ cluster }: TestCluster, path: string, object: object): Promise<number> {
    await cluster.wake(0);
    const headers = { authorization: 'Bearer admin', 'content-type': 'application/json' };
    const { status } = await cluster.server.handle({ method: 'POST', path, query: '', headers, body: Buffer.from(JSON.stringify(object)), signal: new AbortController().signal });
    return status;
  }
  const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

  test('that wakes judges by the policies that others made meanwhile', async () => {
    const asleep = await startTestCluster({ store: open() });
    expect(await create(asleep, '/api/v1/namespaces/default/configmaps', configMap('before'))).toBe(201);
    const awake = await startTestCluster({ store: open(), made: true });
    expect(await create(awake, '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', POLICY)).toBe(201);
    expect(await create(awake, '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', BINDING)).toBe(201);
    expect(await create(asleep, '/api/v1/namespaces/default/configmaps', configMap('after'))).toBe(422);
    await asleep.close();
    await awake.close();
  });
});
