import { describe, expect, test } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { ApiError } from '../status.ts';
import { any, boolean, field, int32, listOf, mapOf, objectMeta, podSpec, string, struct } from '../testing/types.ts';
import { apply } from './apply.ts';
import { LAST_APPLIED } from './last-applied.ts';
import { fromScale, toScale } from './scale.ts';
import { sameButTimes, trackUpdate } from './track.ts';

const schema = struct(
  'io.k8s.api.test.v1.Thing',
  field('apiVersion', string),
  field('kind', string),
  field('metadata', objectMeta, { always: true }),
  field('spec', podSpec, { always: true }),
  field('status', struct('Status', field('phase', string), field('ready', int32)), { always: true }),
  field('data', mapOf(string)),
  field('raw', any),
  field('flag', boolean),
  field('duplicates', listOf(struct('Address', field('type', string), field('address', string))), { listType: 'map', listMapKeys: ['type'] }),
);
const options = { schema, apiVersion: 'v1', subresource: '', resetFields: [], force: false };

const thing = (more: object = {}, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', ...metadata }, ...more });
const containers = (...list: readonly object[]): object => ({ spec: { containers: list } });

/** An object and the writes it sees, each at the next second. */
function story() {
  let live: KubeObject | undefined;
  let seconds = 0;
  const time = (): string => `2026-01-01T00:00:${String(++seconds).padStart(2, '0')}Z`;
  const keep = (object: KubeObject, managedFields: ManagedFieldsEntry[]): KubeObject => {
    live = { ...object, metadata: { ...object.metadata, ...(managedFields.length === 0 ? {} : { managedFields }) } };
    if (managedFields.length === 0) delete live.metadata.managedFields;
    return live;
  };
  return {
    live: () => live!,
    fields: (manager: string, operation = 'Apply') => live?.metadata.managedFields?.find((entry) => entry.manager === manager && entry.operation === operation)?.fieldsV1,
    apply: (manager: string, config: KubeObject, more: Partial<Parameters<typeof apply>[2]> = {}) => {
      const applied = apply(live, config, { ...options, manager, time: time(), ...more });
      keep(applied.object, applied.managedFields);
      return applied;
    },
    update: (manager: string, object: KubeObject, more: Partial<Parameters<typeof trackUpdate>[2]> = {}) =>
      keep(object, trackUpdate(live, object, { ...options, manager, time: time(), ...more })),
  };
}
const refusal = (act: () => unknown): ApiError['status'] => {
  try {
    act();
  } catch (error) {
    return (error as ApiError).status;
  }
  throw new Error('nothing was refused');
};

describe('plain writes', () => {
  test('a create owns what it sets, down to the leaves', () => {
    const it = story();
    it.update(
      'kubectl-create',
      thing(
        { ...containers({ name: 'b', ports: [{ containerPort: 8080 }, { containerPort: 80, protocol: 'UDP' }] }, { name: 'a' }), data: {} },
        { labels: { x: '1' }, uid: 'u', resourceVersion: '7', finalizers: ['f/a'] },
      ),
    );
    expect(it.live().metadata.managedFields).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:01Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': {},
          'f:metadata': { 'f:finalizers': { '.': {}, 'v:"f/a"': {} }, 'f:labels': { '.': {}, 'f:x': {} } },
          'f:spec': {
            'f:containers': {
              '.': {},
              'k:{"name":"a"}': { '.': {}, 'f:name': {} },
              'k:{"name":"b"}': {
                '.': {},
                'f:name': {},
                'f:ports': {
                  '.': {},
                  'k:{"containerPort":80,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                  'k:{"containerPort":8080,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                },
              },
            },
          },
        },
      },
    ]);
    expect(JSON.stringify(it.fields('kubectl-create', 'Update'))).toContain('"f:data":{},"f:metadata":{"f:finalizers":{".":{},"v:\\"f/a\\"":{}}');
  });

  test('an update takes what it changes, and what goes is nobody’s', () => {
    const it = story();
    it.update('a', thing({ data: { x: '1', y: '1', z: '1' } }));
    const next = thing({ data: { x: '2', z: '1' } });
    next.metadata.managedFields = it.live().metadata.managedFields!;
    it.update('b', next);
    expect(it.fields('a', 'Update')).toEqual({ 'f:data': { '.': {}, 'f:z': {} } });
    expect(it.fields('b', 'Update')).toEqual({ 'f:data': { 'f:x': {} } });
  });

  test('a write that changes nothing leaves the entries, times too', () => {
    const it = story();
    it.update('a', thing({ data: { x: '1' } }));
    const before = it.live().metadata.managedFields;
    it.update('b', thing({ data: { x: '1' } }));
    expect(it.live().metadata.managedFields).toEqual(before);
  });

  test.each([[[]], [[{}]]])('entries %j give up all ownership; nobody tracks after that', (sent) => {
    const it = story();
    it.update('a', thing({ data: { x: '1' } }));
    it.update('a', thing({ data: { x: '2' } }, { managedFields: sent }));
    expect(it.live().metadata.managedFields).toBeUndefined();
    it.update('b', thing({ data: { x: '3' } }));
    expect(it.live().metadata.managedFields).toBeUndefined();
  });

  test('a client may rewrite entries, unless they cannot be read', () => {
    const it = story();
    it.update('a', thing({ data: { x: '1' } }));
    const entry = it.live().metadata.managedFields![0]!;
    it.update('b', thing({ data: { x: '1' } }, { managedFields: [{ ...entry, manager: 'z' }] }));
    expect(it.fields('z', 'Update')).toEqual({ 'f:data': { '.': {}, 'f:x': {} } });
    it.update('b', thing({ data: { x: '1' } }, { managedFields: [{ ...entry, manager: 'y', fieldsV1: { nonsense: 1 } }] }));
    expect(it.fields('y', 'Update')).toBeUndefined();
    expect(it.fields('z', 'Update')).toBeDefined();
  });

  test('what a door cannot set is not owned, and others keep it', () => {
    const it = story();
    it.update('controller', thing({ spec: {}, status: { phase: 'A' } }), { subresource: 'status', resetFields: [['spec']] });
    it.update('user', thing({ spec: { replicas: 1 }, status: { phase: 'B' } }), { resetFields: [['status']] });
    expect(it.fields('controller', 'Update')).toEqual({ 'f:status': { 'f:phase': {} } });
    expect(it.fields('user', 'Update')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  test('ten updates are kept apart, older ones become one', () => {
    const it = story();
    for (let at = 0; at < 13; at++) it.update(`m${String(at).padStart(2, '0')}`, thing({ data: Object.fromEntries(Array.from({ length: at + 1 }, (_, key) => [`k${key}`, '1'])) }));
    const entries = it.live().metadata.managedFields!;
    expect(entries).toHaveLength(10);
    expect(entries[0]).toMatchObject({ manager: 'ancient-changes', time: '2026-01-01T00:00:04Z', fieldsV1: { 'f:data': { 'f:k0': {}, 'f:k1': {}, 'f:k2': {}, 'f:k3': {} } } });
    expect(entries[9]!.manager).toBe('m12');
  });

  test('items that stand twice are owned as one, and a change of either takes them', () => {
    const it = story();
    const twice = (address: string): KubeObject =>
      thing({
        duplicates: [
          { type: 'IP', address: '1' },
          { type: 'IP', address },
          { type: 'DNS', address: 'x' },
        ],
      });
    it.update('a', twice('2'));
    expect(it.fields('a', 'Update')).toMatchObject({ 'f:duplicates': { 'k:{"type":"IP"}': {}, 'k:{"type":"DNS"}': { 'f:address': {} } } });
    it.update('b', twice('3'));
    expect(it.fields('b', 'Update')).toEqual({ 'f:duplicates': { 'k:{"type":"IP"}': {} } });
    expect(it.apply('c', thing({ duplicates: [{ type: 'DNS', address: 'x' }] })).object['duplicates']).toEqual([
      { type: 'IP', address: '1' },
      { type: 'IP', address: '3' },
      { type: 'DNS', address: 'x' },
    ]);
  });
});

describe('apply', () => {
  test('creates, and owns leaves and items', () => {
    const it = story();
    it.apply('me', thing({ spec: { replicas: 1, nodeSelector: { a: 'b' }, containers: [{ name: 'a', image: '1' }] } }, { labels: { x: '1' } }));
    expect(it.live().metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:01Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:x': {} } },
          'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } }, 'f:nodeSelector': {}, 'f:replicas': {} },
        },
      },
    ]);
  });

  test('a conflict names each field, and force takes them over', () => {
    const it = story();
    it.apply('me', thing({ spec: { replicas: 1, containers: [{ name: 'a', image: '1' }] } }));
    const other = thing({ spec: { replicas: 5 } });
    expect(refusal(() => it.apply('you', other))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "me": .spec.replicas',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.spec.replicas' }] },
    });
    it.update('scaler', thing({ spec: { replicas: 2, containers: [{ name: 'a', image: '2' }] } }), { subresource: 'scale' });
    expect(refusal(() => it.apply('you', thing({ spec: { replicas: 5, containers: [{ name: 'a', image: '9' }] } }))).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "scaler" with subresource "scale" using v1:\n- .spec.replicas\n- .spec.containers[name="a"].image',
    );
    it.apply('you', other, { force: true });
    expect(it.live()).toMatchObject({ spec: { replicas: 5, containers: [{ name: 'a', image: '2' }] } });
    expect(it.fields('you')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(it.fields('scaler', 'Update')).toEqual({ 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:image': {} } } } });
  });

  test('the same value is shared, not fought over', () => {
    const it = story();
    it.apply('a', thing({ data: { x: '1' } }));
    it.apply('b', thing({ data: { x: '1' } }));
    it.apply('a', thing({ data: {} }));
    expect(it.live()['data']).toEqual({ x: '1' });
    it.apply('b', thing({}));
    expect(it.live()['data']).toBeUndefined();
  });

  test('what only the applier owned goes; what others or nobody owns stays', () => {
    const it = story();
    it.apply('me', thing({ ...containers({ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }, { name: 'b', image: '1' }) }, { labels: { x: '1', y: '1' } }));
    it.update(
      'other',
      thing(
        {
          ...containers(
            {
              name: 'a',
              image: '1',
              env: [
                { name: 'X', value: '1' },
                { name: 'Y', value: '1' },
              ],
            },
            { name: 'b', image: '1' },
          ),
        },
        { labels: { x: '1', y: '1', z: '1' } },
      ),
    );
    it.apply('me', thing(containers({ name: 'a', image: '1' }), { labels: { x: '1' } }));
    expect(it.live()).toMatchObject({ metadata: { labels: { x: '1', z: '1' } }, spec: { containers: [{ name: 'a', image: '1', env: [{ name: 'Y', value: '1' }] }] } });
    expect(it.live().metadata.name).toBe('a');
  });

  test('the same again changes nothing, not even a time', () => {
    const it = story();
    const config = (): KubeObject => thing({ spec: { replicas: 1, containers: [{ name: 'a', resources: { limits: { cpu: '0.5' } } }] } });
    it.apply('me', config());
    const before = structuredClone(it.live());
    expect(it.live()).toMatchObject({ spec: { containers: [{ resources: { limits: { cpu: '500m' } } }] } });
    expect(it.apply('me', config()).unchanged).toBe(true);
    expect(it.live()).toEqual(before);
    expect(it.apply('you', config(), { force: true }).unchanged).toBe(false);
  });

  test('an object that nobody tracked belongs to before-first-apply', () => {
    const it = story();
    it.update('a', thing({ data: { x: '1', y: '1' } }));
    it.update('a', thing({ data: { x: '1', y: '1' } }, { managedFields: [] }));
    expect(refusal(() => it.apply('me', thing({ data: { x: '2' } }))).message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x');
    it.apply('me', thing({ data: { x: '2' } }), { force: true });
    expect(it.fields('before-first-apply', 'Update')).toEqual({ 'f:data': { '.': {}, 'f:y': {} } });
  });

  test('items come in the order of the configuration, others stay between their neighbours', () => {
    const order = (live: string, config: string): string => {
      const it = story();
      const list = (text: string): object[] => [...text].map((name) => ({ name }));
      it.update('x', thing(containers(...list(live))));
      return (it.apply('me', thing(containers(...list(config)))).object['spec'] as { containers: { name: string }[] }).containers.map(({ name }) => name).join('');
    };
    expect(order('abc', 'ca')).toBe('bca');
    expect(order('abc', 'xb')).toBe('axbc');
    expect(order('abcd', 'dxa')).toBe('bcdxa');
    expect(order('', 'ba')).toBe('ba');
  });

  test('atomic places are taken whole', () => {
    const it = story();
    it.apply('a', thing({ spec: { nodeSelector: { x: '1' }, tolerations: [{ key: 'k' }] } }));
    expect(refusal(() => it.apply('b', thing({ spec: { nodeSelector: { y: '1' } } }))).message).toContain('.spec.nodeSelector');
    it.apply('b', thing({ spec: { nodeSelector: { y: '1' } } }), { force: true });
    expect(it.live()).toMatchObject({ spec: { nodeSelector: { y: '1' }, tolerations: [{ key: 'k' }] } });
    expect((it.live()['spec'] as { nodeSelector: object }).nodeSelector).toEqual({ y: '1' });
  });

  test('sets, and items with keys that have a default', () => {
    const it = story();
    it.apply('a', thing(containers({ name: 'c', ports: [{ containerPort: 80 }] }), { finalizers: ['f/a', 'f/b'] }));
    it.apply(
      'b',
      thing(
        containers({
          name: 'c',
          ports: [
            { containerPort: 80, protocol: 'TCP', name: 'web' },
            { containerPort: 80, protocol: 'UDP' },
          ],
        }),
        { finalizers: ['f/c'] },
      ),
    );
    expect(it.live().metadata.finalizers).toEqual(['f/a', 'f/b', 'f/c']);
    expect(it.live()).toMatchObject({
      spec: {
        containers: [
          {
            ports: [
              { containerPort: 80, protocol: 'TCP', name: 'web' },
              { containerPort: 80, protocol: 'UDP' },
            ],
          },
        ],
      },
    });
    it.apply('a', thing(containers({ name: 'c' }), { finalizers: ['f/b'] }));
    expect(it.live().metadata.finalizers).toEqual(['f/b', 'f/c']);
  });

  test('untyped parts are owned key by key, lists in them whole', () => {
    const it = story();
    it.apply('a', thing({ raw: { x: { y: 1 }, list: [1, 2] } }));
    expect(it.fields('a')).toEqual({ 'f:raw': { 'f:list': {}, 'f:x': { '.': {}, 'f:y': {} } } });
    it.apply('b', thing({ raw: { z: 'text' } }));
    expect(it.live()['raw']).toEqual({ x: { y: 1 }, list: [1, 2], z: 'text' });
    it.apply('b', thing({ raw: 'text' }), { force: true });
    expect(it.live()['raw']).toBe('text');
  });

  test('custom resources keep nulls that were sent and lose what is emptied', () => {
    const it = story();
    it.apply('a', thing({ data: { x: null, y: '1' } }), { unstructured: true });
    expect(it.live()['data']).toEqual({ x: null, y: '1' });
    it.apply('a', thing({}), { unstructured: true });
    expect('data' in it.live()).toBe(false);
  });

  test.each([
    [{ nope: 1 }, 'failed to create typed patch object (/a; /v1, Kind=Thing): .nope: field not declared in schema'],
    [{ spec: { replicas: 'x' } }, '.spec.replicas: expected numeric (int or float), got string'],
    [{ spec: { containers: [{ name: 'a' }, { name: 'a' }] } }, '.spec.containers: duplicate entries for key [name="a"]'],
    [{ spec: { containers: [{ image: 'a' }] } }, 'element 0: associative list with keys has an element that omits all key fields ["name"]'],
    [{ spec: { containers: {} } }, '.spec.containers: expected list, got'],
    [{ metadata: { name: 'a', managedFields: [] } }, 'metadata.managedFields must be nil'],
  ])('%j is refused', (more, message) => {
    const status = refusal(() => story().apply('me', { ...thing(), ...more } as KubeObject));
    expect(status.code).toBe(400);
    expect(status.message).toContain(message);
  });

  test('a field that became atomic is owned as a whole', () => {
    const it = story();
    it.update('old', thing({ spec: { nodeSelector: { a: '1' } } }));
    it.live().metadata.managedFields![0]!.fieldsV1 = { 'f:spec': { 'f:nodeSelector': { '.': {}, 'f:a': {} } } };
    expect(refusal(() => it.apply('me', thing({ spec: { nodeSelector: { a: '2' } } }))).message).toContain('conflict with "old" using v1: .spec.nodeSelector');
  });

  test('neither side is changed', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
      return value;
    };
    const it = story();
    it.apply('me', freeze(thing(containers({ name: 'a', resources: { limits: { cpu: '0.5' } } }), { labels: { x: '1' } })));
    freeze(it.live());
    it.apply('me', freeze(thing(containers({ name: 'b' }))));
    expect(it.live()).toMatchObject({ spec: { containers: [{ name: 'b' }] } });
  });
});

describe('from client-side to server-side apply', () => {
  const config = (image: string): KubeObject => thing(containers({ name: 'a', image }));
  const annotated = (image: string): KubeObject => ({ ...config(image), metadata: { name: 'a', annotations: { [LAST_APPLIED]: JSON.stringify(config(image)) } } });
  test('kubectl takes over what its annotation says, and brings it up to date', () => {
    const it = story();
    it.update('kubectl-client-side-apply', annotated('1'));
    it.apply('kubectl', config('2'));
    expect(it.live()).toMatchObject({ spec: { containers: [{ image: '2' }] } });
    expect(JSON.parse(it.live().metadata.annotations![LAST_APPLIED]!)).toEqual(config('2'));
  });
  test('other appliers do not', () => {
    const it = story();
    it.update('kubectl-client-side-apply', annotated('1'));
    expect(() => it.apply('helm', config('2'))).toThrow('conflict with "kubectl-client-side-apply" using v1: .spec.containers[name="a"].image');
  });
});

describe('/scale', () => {
  const paths = (apiVersion: string) => (apiVersion === 'v1' ? ['spec', 'replicas'] : undefined);
  const entries = (): ManagedFieldsEntry[] => {
    const it = story();
    it.apply('helm', thing({ spec: { replicas: 1, restartPolicy: 'x' } }));
    return it.live().metadata.managedFields!;
  };
  test('owners of the replicas own them in the Scale', () => {
    expect(toScale(entries(), paths)).toEqual([
      { manager: 'helm', operation: 'Apply', apiVersion: 'autoscaling/v1', time: '2026-01-01T00:00:01Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
  });
  test('who scales takes them from the owner', () => {
    const scaler: ManagedFieldsEntry = {
      manager: 'hpa',
      operation: 'Update',
      apiVersion: 'autoscaling/v1',
      subresource: 'scale',
      time: 't',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };
    const after = fromScale(entries(), [scaler], 'v1', paths);
    expect(after.map(({ manager, subresource, apiVersion, fieldsV1 }) => [manager, subresource, apiVersion, fieldsV1])).toEqual([
      ['helm', undefined, 'v1', { 'f:spec': { 'f:restartPolicy': {} } }],
      ['hpa', 'scale', 'v1', { 'f:spec': { 'f:replicas': {} } }],
    ]);
    expect(fromScale(entries(), toScale(entries(), paths), 'v1', paths)).toEqual(entries());
  });
});

test('entries that differ in times alone are the same', () => {
  const it = story();
  it.update('a', thing({ data: { x: '1' } }));
  const entries = it.live().metadata.managedFields!;
  expect(
    sameButTimes(
      entries,
      entries.map((entry) => ({ ...entry, time: 'later' })),
    ),
  ).toBe(true);
  expect(
    sameButTimes(
      entries,
      entries.map((entry) => ({ ...entry, manager: 'b' })),
    ),
  ).toBe(false);
});
