import { describe, expect, test } from 'vitest';
import type { CSIDriver, CSINode, CSIStorageCapacity, PriorityClass, RuntimeClass, StorageClass, VolumeAttachment, VolumeAttributesClass } from '#kinds/generated/types.ts';
import { cells, created, problems, updated, warnings } from '../testing/kinds.ts';

const API = 'storage.k8s.io/v1';

describe('a storage class', () => {
  const of = (over: Partial<StorageClass>): StorageClass => ({ apiVersion: API, kind: 'StorageClass', metadata: {}, provisioner: 'a.example/x', ...over });
  test('defaults, table', () => {
    expect(created(of({}))).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
    expect(cells(of({ metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } }))).toEqual([
      'one (default)',
      'a.example/x',
      'Delete',
      'Immediate',
      false,
      '10m',
    ]);
  });
  test.each<[Partial<StorageClass>, string[]]>([
    [{}, []],
    [{ provisioner: '' }, ['provisioner: Required']],
    [{ reclaimPolicy: 'Recycle' }, ['reclaimPolicy: NotSupported: supported values: "Delete", "Retain"']],
    [{ volumeBindingMode: 'Late' }, ['volumeBindingMode: NotSupported: supported values: "Immediate", "WaitForFirstConsumer"']],
    [{ parameters: { '': 'x' } }, ['parameters: Invalid: field can not be empty.']],
    [
      { allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: [] }] }, { matchLabelExpressions: [{ key: 'b', values: ['x', 'x'] }] }] },
      ['allowedTopologies[0].matchLabelExpressions[0].values: Required', 'allowedTopologies[1].matchLabelExpressions[0].values[1]: Duplicate'],
    ],
  ])('%o', (over, expected) => expect(problems(of(over))).toEqual(expected));
  test('what it is stays', () => {
    expect(updated(of({}), of({ provisioner: 'b.example/x', parameters: { a: 'b' }, reclaimPolicy: 'Retain', allowVolumeExpansion: true })).problems).toEqual([
      'parameters: Invalid: field is immutable',
      'provisioner: Invalid: field is immutable',
      'reclaimPolicy: Invalid: field is immutable',
    ]);
  });
});

describe('a volume attachment', () => {
  const of = (spec: object): VolumeAttachment => ({ apiVersion: API, kind: 'VolumeAttachment', metadata: {}, spec: spec as VolumeAttachment['spec'] });
  const good = { attacher: 'a.example', nodeName: 'n1', source: { persistentVolumeName: 'pv' } };
  test.each<[object, string[]]>([
    [good, []],
    [{ ...good, source: {} }, ['spec.source: Required: must specify exactly one of inlineVolumeSpec and persistentVolumeName']],
    [{ ...good, source: { persistentVolumeName: '' } }, ['spec.source.persistentVolumeName: Required: must specify non empty persistentVolumeName']],
  ])('%o', (spec, expected) => expect(problems(of(spec)).slice(0, 1)).toEqual(expected));
  test('its spec stays, its status is apart; table', () => {
    expect(updated(of(good), of({ ...good, nodeName: 'n2' })).problems).toEqual(['spec: Invalid: field is immutable']);
    const status = updated(of(good), { ...of({ ...good, nodeName: 'n2' }), status: { attached: true, attachError: { message: 'x'.repeat(1025) } } }, 'status');
    expect(status.object).toMatchObject({ spec: { nodeName: 'n1' }, status: { attached: true } });
    expect(status.problems).toEqual(['status.attachError.message: TooLong: may not be more than 262144 bytes']);
    expect(cells(of(good))).toEqual(['a.example', 'pv', 'n1', false, '10m']);
  });
});

describe('CSI', () => {
  const driver = (spec: object = {}): CSIDriver => ({ apiVersion: API, kind: 'CSIDriver', metadata: {}, spec });
  test('a driver: defaults, rules, table', () => {
    expect(created(driver()).spec).toEqual({
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: ['Persistent'],
      requiresRepublish: false,
      seLinuxMount: false,
    });
    expect(
      problems(driver({ tokenRequests: [{ audience: 'a' }, { audience: 'a' }, { audience: 'b', expirationSeconds: 5 }], fsGroupPolicy: 'x', volumeLifecycleModes: ['y'] })),
    ).toEqual([
      'spec.fsGroupPolicy: NotSupported: supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.tokenRequests[1].audience: Duplicate',
      'spec.tokenRequests[2].expirationSeconds: Invalid: may not specify a duration less than 10 minutes',
      'spec.volumeLifecycleModes: NotSupported: supported values: "Persistent", "Ephemeral"',
    ]);
    expect(warnings(driver({ tokenRequests: [{ audience: 'a' }] }))).toHaveLength(1);
    expect(updated(driver(), driver({ attachRequired: false })).problems).toEqual(['spec.attachedRequired: Invalid: field is immutable']);
    expect(cells(driver())).toEqual([true, false, false, '<unset>', false, 'Persistent', '10m']);
  });
  test('a node', () => {
    const node = (...drivers: object[]): CSINode => ({ apiVersion: API, kind: 'CSINode', metadata: {}, spec: { drivers: drivers as never } });
    expect(problems(node({ name: 'a', nodeID: '' }, { name: 'a', nodeID: 'x', topologyKeys: ['k', 'k'], allocatable: { count: -1 } }))).toEqual([
      'spec.drivers[0].nodeID: Required',
      'spec.drivers[1].allocatable.count: Invalid: must be greater than or equal to 0',
      'spec.drivers[1].name: Duplicate',
      'spec.drivers[1]: Duplicate',
    ]);
    expect(updated(node({ name: 'a', nodeID: 'x' }), node({ name: 'a', nodeID: 'x', allocatable: { count: 2 } })).problems).toEqual([]);
    expect(updated(node({ name: 'a', nodeID: 'x' }), node({ name: 'a', nodeID: 'y' })).problems).toEqual(['spec.drivers: Invalid: field is immutable']);
  });
  test('a capacity', () => {
    const of = (over: Partial<CSIStorageCapacity>): CSIStorageCapacity => ({ apiVersion: API, kind: 'CSIStorageCapacity', metadata: {}, storageClassName: 'fast', ...over });
    expect(problems(of({ capacity: '-1' }))).toEqual(['capacity: Invalid: must be greater than or equal to 0']);
    expect(updated(of({}), of({ storageClassName: 'slow', capacity: '1Gi' })).problems).toEqual(['storageClassName: Invalid: field is immutable']);
    expect(cells(of({}))).toEqual(['fast', '<unset>']);
  });
  test('a class of attributes', () => {
    const of = (over: Partial<VolumeAttributesClass>): VolumeAttributesClass => ({
      apiVersion: API,
      kind: 'VolumeAttributesClass',
      metadata: {},
      driverName: 'a.example',
      ...over,
    });
    expect(problems(of({}))).toEqual(['parameters: Required: must contain at least one key/value pair']);
    expect(updated(of({ parameters: { a: '1' } }), of({ parameters: { a: '2' }, driverName: 'b.example' })).problems).toEqual([
      'driverName: Forbidden: updates to driverName are forbidden.',
      'parameters: Forbidden: updates to parameters are forbidden.',
    ]);
  });
});

describe('a runtime class', () => {
  const of = (over: Partial<RuntimeClass>): RuntimeClass => ({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: {}, handler: 'runc', ...over });
  test('rules', () => {
    expect(problems(of({}))).toEqual([]);
    expect(problems(of({ handler: '' }))).toEqual(['handler: Required']);
    const toleration = { key: 'a', operator: 'Exists' };
    expect(problems(of({ scheduling: { tolerations: [toleration, toleration] } }))).toEqual(['scheduling.tolerations[1]: Duplicate']);
    expect(problems(of({ overhead: { podFixed: { cpu: '-1' } } }))).toEqual(['overhead.limits[cpu]: Invalid: must be greater than or equal to 0']);
    expect(updated(of({}), of({ handler: 'x' })).problems).toEqual(['handler: Invalid: field is immutable']);
  });
});

describe('a priority class', () => {
  const of = (over: Partial<PriorityClass>, name = 'high'): PriorityClass => ({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, ...over });
  test('rules, table', () => {
    expect(problems(of({ value: 1_000_000_001 }))).toEqual(['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']);
    expect(problems(of({ value: 1 }, 'system-mine'))).toEqual([
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
    expect(updated(of({ value: 1 }), of({ value: 2, preemptionPolicy: 'Never' })).problems).toEqual([
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid: field is immutable',
    ]);
    expect(cells(of({ value: 7 }))).toEqual([7, false, '10m', 'PreemptLowerPriority']);
  });
});
