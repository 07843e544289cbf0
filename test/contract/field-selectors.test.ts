/** Field selectors of every kind: the labels that Kubernetes' conversions let through, and the refusal of all others. */
import { describe, expect, test } from 'vitest';
import { builtInKinds } from '#kinds/registry.ts';
import { configMap, contractServer, mapsIn, pod } from './support.ts';

const server = contractServer();
const EVENT = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Kinds with a conversion of their own (`AddFieldLabelConversionFunc`): everything they take besides the name, and the namespace. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.host',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  '/nodes': ['spec.unschedulable'],
  '/replicationcontrollers': ['status.replicas'],
  '/events': [...EVENT.map((name) => `involvedObject.${name}`), 'reason', 'reportingComponent', 'source', 'type'],
  'events.k8s.io/events': [...EVENT.map((name) => `regarding.${name}`), 'reason', 'reportingController', 'type'],
  '/namespaces': ['status.phase'],
  '/secrets': ['type'],
  '/services': ['spec.clusterIP', 'spec.type'],
  'batch/jobs': ['status.successful'],
  'certificates.k8s.io/certificatesigningrequests': ['spec.signerName'],
  'resource.k8s.io/resourceslices': ['spec.nodeName', 'spec.driver'],
};
const ALL = [...new Set(Object.values(LABELS).flat())].toSorted();

describe('labels of each kind', () => {
  const kinds = builtInKinds()
    .kinds()
    .filter(({ verbs }) => verbs.includes('list'));
  test.each(kinds.map((kind) => [`${kind.group}/${kind.plural}`, kind] as const))('%s', async (name, { group, version, plural, namespaced }) => {
    const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${plural}`;
    const own = LABELS[name];
    for (const label of ['metadata.name', ...(namespaced ? ['metadata.namespace'] : []), ...(own ?? [])])
      expect((await server().request('GET', `${path}?fieldSelector=${label}%3Dx`)).status, label).toBe(200);
    for (const label of ['spec.color', ...ALL.filter((one) => !(own ?? []).includes(one))]) {
      const { status, json } = await server().request('GET', `${path}?fieldSelector=${label}%3Dx`);
      expect([status, json.reason, json.message]).toEqual([
        400,
        'BadRequest',
        own === undefined ? `"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"` : `field label not supported: ${label}`,
      ]);
    }
  });
});

describe('operators', () => {
  const select = async (path: string, selector: string): Promise<string> => {
    const { status, json, text } = await server().request('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`);
    expect(status, text).toBe(200);
    return (json.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).join(' ');
  };
  test('equal in two spellings, not equal, several at once, escapes', async () => {
    const path = '/api/v1/namespaces/operators/pods';
    await server().request('POST', path, pod('a', { nodeName: 'n1', restartPolicy: 'Never' }));
    await server().request('POST', path, pod('b', { nodeName: 'n1' }));
    await server().request('POST', path, pod('c', { hostNetwork: true }));
    for (const [selector, names] of [
      ['spec.nodeName=n1', 'a b'],
      ['spec.nodeName==n1', 'a b'],
      ['spec.host=n1', 'a b'],
      ['spec.nodeName!=n1', 'c'],
      ['spec.nodeName=', 'c'],
      ['spec.nodeName!=', 'a b'],
      ['spec.nodeName=n1,spec.restartPolicy!=Never', 'b'],
      ['spec.hostNetwork=true', 'c'],
      ['spec.hostNetwork=false', 'a b'],
      ['status.phase=Pending,metadata.name!=b', 'a c'],
      ['metadata.name=a,metadata.name=b', ''],
      ['metadata.namespace=elsewhere', ''],
      ['spec.schedulerName=with\\,comma', ''],
    ] as const)
      expect(await select(path, selector), selector).toBe(names);
  });

  test('a name selects over all namespaces', async () => {
    for (const namespace of ['one', 'two']) for (const name of ['same', 'other']) await server().request('POST', mapsIn(namespace), configMap(`${name}-name`));
    expect(await select('/api/v1/configmaps', 'metadata.name=same-name')).toBe('same-name same-name');
    expect(await select('/api/v1/configmaps', 'metadata.name=same-name,metadata.namespace=two')).toBe('same-name');
    expect(await select('/api/v1/configmaps', 'metadata.namespace!=two,metadata.name!=other-name')).toBe('same-name');
  });
});
