/** `/scale`: one number of an object under another kind, and who owns it under which name. */
import { expect, test } from 'vitest';
import type { AdmissionAttributes } from '#apiserver/admission/port.ts';
import { contractServer, deployment, PROTOBUF } from './support.ts';

let admitted: AdmissionAttributes[] = [];
const server = contractServer(() => ({ admission: [{ name: 'Listener', handles: () => true, admit: (attributes) => void admitted.push(attributes) }] }));
const path = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly fieldsV1: Record<string, Record<string, unknown>>;
}
/** The managers that own the replicas of the deployment. */
async function owners(place: string): Promise<string[]> {
  const { json } = await server().request('GET', place);
  return (json.metadata.managedFields as Entry[])
    .filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined)
    .map(({ manager, operation, apiVersion, subresource }) => [manager, operation, apiVersion, subresource ?? '-'].join(' '))
    .toSorted();
}

test('reading: kind, selector as text, no ownership shown', async () => {
  await server().request('POST', path('read'), deployment('web', 3));
  const { json } = await server().request('GET', `${path('read')}/web/scale`);
  expect(json).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 }, status: { replicas: 0, selector: 'app=web' } });
  expect(Object.keys(json.metadata).toSorted()).toEqual(['creationTimestamp', 'name', 'namespace', 'resourceVersion', 'uid']);
});

test('a write of the scale owns the replicas as subresource scale in the object, which loses no other entry', async () => {
  const place = `${path('update')}/web`;
  await server().request('POST', `${path('update')}?fieldManager=author`, deployment('web', 1));
  expect(await owners(place)).toEqual(['author Update apps/v1 -']);
  admitted = [];
  const scaled = await server().request('PATCH', `${place}/scale?fieldManager=scaler`, { spec: { replicas: 4 } }, MERGE);
  expect([scaled.status, scaled.json.spec.replicas]).toEqual([200, 4]);
  expect(admitted.map(({ operation, resource, subresource }) => `${operation} ${resource}/${subresource}`)).toEqual(['UPDATE deployments/scale']);
  expect(await owners(place)).toEqual(['scaler Update apps/v1 scale']);
  const { json } = await server().request('GET', place);
  expect(json.metadata.managedFields.map(({ manager }: Entry) => manager)).toEqual(['author', 'scaler']);
  expect(json.metadata.generation).toBe(2);
});

test('an applied scale conflicts with whoever owns the replicas, and takes them when forced', async () => {
  const place = `${path('apply')}/web`;
  const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: deployment('web', 2).spec };
  expect((await server().request('PATCH', `${place}?fieldManager=author`, config, APPLY)).status).toBe(201);
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web', namespace: 'apply' }, spec: { replicas: 5 } };
  const refused = await server().request('PATCH', `${place}/scale?fieldManager=scaler`, scale, APPLY);
  expect([refused.status, refused.json.reason]).toEqual([409, 'Conflict']);
  expect(refused.json.details.causes).toEqual([
    expect.objectContaining({ reason: 'FieldManagerConflict', field: '.spec.replicas', message: expect.stringContaining('conflict with "author"') }),
  ]);
  const forced = await server().request('PATCH', `${place}/scale?fieldManager=scaler&force=true`, scale, APPLY);
  expect([forced.status, forced.json.spec.replicas]).toEqual([200, 5]);
  expect(await owners(place)).toEqual(['scaler Apply apps/v1 scale']);
  // who gave the number up and applies the rest leaves it to the scaler
  const { replicas: _, ...rest } = config.spec;
  expect((await server().request('PATCH', `${place}?fieldManager=author`, { ...config, spec: rest }, APPLY)).json.spec.replicas).toBe(5);
  const contested = await server().request('PATCH', `${place}?fieldManager=author`, config, APPLY);
  expect([contested.status, contested.json.details?.causes?.[0].message]).toEqual([409, expect.stringContaining('conflict with "scaler" with subresource "scale"')]);
});

test.each([
  ['below zero', { spec: { replicas: -1 } }, 422, 'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ['another version', { metadata: { resourceVersion: '1' }, spec: { replicas: 2 } }, 409, 'the object has been modified'],
  ['another uid', { metadata: { uid: 'other' }, spec: { replicas: 2 } }, 409, 'Precondition failed: UID in precondition: other'],
  ['another name', { metadata: { name: 'other' }, spec: { replicas: 2 } }, 400, 'the name of the object (other) does not match the name on the URL (web)'],
])('refused: %s', async (_, patch, code, message) => {
  await server().request('POST', path('refused'), deployment('web'));
  const { status, json } = await server().request('PATCH', `${path('refused')}/web/scale`, patch, MERGE);
  expect([status, json.message]).toEqual([code, expect.stringContaining(message)]);
});

test('a write that changes nothing keeps the resourceVersion; a dry run changes nothing', async () => {
  await server().request('POST', path('same'), deployment('web', 2));
  const before = (await server().request('GET', `${path('same')}/web/scale`)).json;
  const same = await server().request('PUT', `${path('same')}/web/scale`, before);
  expect([same.status, same.json.metadata.resourceVersion]).toEqual([200, before.metadata.resourceVersion]);
  const dry = await server().request('PUT', `${path('same')}/web/scale?dryRun=All`, { ...before, spec: { replicas: 9 } });
  expect([dry.status, dry.json.spec.replicas]).toEqual([200, 9]);
  expect((await server().request('GET', `${path('same')}/web/scale`)).json).toEqual(before);
  const binary = await server().request('GET', `${path('same')}/web/scale`, undefined, { accept: PROTOBUF });
  expect([binary.headers['content-type'], binary.bytes.subarray(0, 4).toString()]).toEqual([PROTOBUF, 'k8s\0']);
});
