import { describe, expect, test } from 'vitest';
import { builtInKinds } from '#kinds/registry.ts';
import type { KindContext } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';

const registry = builtInKinds();
const context: KindContext = { clock: { now: () => 0, after: () => () => undefined }, ids: { uid: () => 'u', suffix: () => 'x' }, user: { name: 'test', groups: [] } };
const kindOf = (plural: string) => registry.byResource('apps', 'v1', plural)!;

type Loose = Record<string, unknown>;
const KINDS: Readonly<Record<string, string>> = { deployments: 'Deployment', replicasets: 'ReplicaSet', statefulsets: 'StatefulSet', daemonsets: 'DaemonSet' };
const workload = (plural: string, spec: Loose = {}, metadata: Loose = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: KINDS[plural]!,
  metadata: { name: 'web', namespace: 'default', generation: 1, ...metadata },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
    ...spec,
  },
});
const defaulted = (plural: string, spec: Loose = {}, metadata: Loose = {}): KubeObject => {
  const object = workload(plural, spec, metadata);
  kindOf(plural).defaults?.(object);
  return object;
};
const template = (spec: Loose = {}, labels: Loose = { app: 'web' }): Loose => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }], ...spec } });
const told = (errors: readonly { readonly type: string; readonly field: string; readonly value?: unknown; readonly detail: string }[] | undefined): string[] =>
  (errors ?? []).map(
    ({ type, field, value, detail }) => `${field} ${type.replace('FieldValue', '')}${value === undefined ? '' : ` ${JSON.stringify(value)}`}${detail === '' ? '' : `: ${detail}`}`,
  );
/** What a create is refused for. */
const created = (plural: string, spec: Loose, metadata: Loose = {}): string[] => {
  const kind = kindOf(plural);
  const object = defaulted(plural, spec, metadata);
  return told([...(kind.validate?.(object, context) ?? []), ...(kind.validateCreate?.(object, context) ?? [])]);
};
const updated = (plural: string, before: Loose, after: Loose): string[] => told(kindOf(plural).validateUpdate?.(defaulted(plural, after), defaulted(plural, before), context));
const status = (plural: string, after: Loose, before: Loose = {}): string[] => {
  const door = kindOf(plural).stored.find(({ name }) => name === 'status')!;
  return told(door.validateUpdate?.({ ...defaulted(plural), status: after }, { ...defaulted(plural), status: before }, context));
};
const NOT_NEGATIVE = 'must be greater than or equal to 0';

describe('defaults', () => {
  const specOf = (plural: string, spec: Loose = {}): Loose => {
    const { selector: _, template: __, ...rest } = defaulted(plural, spec)['spec'] as Loose;
    return rest;
  };
  test.each([
    [
      'deployments',
      {},
      { replicas: 1, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } }, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
    ],
    ['deployments', { replicas: 0, strategy: { type: 'Recreate' } }, { replicas: 0, strategy: { type: 'Recreate' }, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }],
    ['replicasets', {}, { replicas: 1 }],
    [
      'statefulsets',
      {},
      {
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        replicas: 1,
        revisionHistoryLimit: 10,
        serviceName: '',
      },
    ],
    ['daemonsets', {}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 }],
    ['daemonsets', { updateStrategy: { type: 'OnDelete' } }, { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 10 }],
  ])('%s %j', (plural, given, expected) => {
    expect(specOf(plural, given)).toEqual(expected);
  });

  test('a rolling update of a stateful set that says nothing stays so; claims of the templates are completed', () => {
    expect(specOf('statefulsets', { updateStrategy: { type: 'RollingUpdate' } })).toMatchObject({ updateStrategy: { type: 'RollingUpdate' } });
    expect(specOf('statefulsets', { updateStrategy: { type: 'RollingUpdate' } })['updateStrategy']).not.toHaveProperty('rollingUpdate');
    expect(specOf('statefulsets', { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] })['volumeClaimTemplates']).toEqual([
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { volumeMode: 'Filesystem', resources: {} }, status: { phase: 'Pending' } },
    ]);
  });
});

describe('what is refused on creation', () => {
  test.each<readonly [plural: string, spec: Loose, errors: readonly string[]]>([
    ['deployments', {}, []],
    ['deployments', { replicas: -1 }, [`spec.replicas Invalid -1: ${NOT_NEGATIVE}`]],
    ['deployments', { selector: undefined }, ['spec.selector Required']],
    ['deployments', { selector: {} }, ['spec.selector Invalid {}: empty selector is invalid for deployment']],
    ['replicasets', { selector: {} }, ['spec.selector Invalid {}: empty selector is invalid for deployment']],
    ['statefulsets', { selector: {} }, ['spec.selector Invalid {}: empty selector is invalid for statefulset']],
    ['daemonsets', { selector: {} }, ['spec.selector Invalid {}: empty selector is invalid for daemonset']],
    ...['deployments', 'replicasets', 'statefulsets', 'daemonsets'].map(
      (plural) =>
        [plural, { template: template({}, { app: 'other' }) }, ['spec.template.metadata.labels Invalid {"app":"other"}: `selector` does not match template `labels`']] as const,
    ),
    ['deployments', { template: template({ restartPolicy: 'Never' }) }, ['spec.template.spec.restartPolicy NotSupported "Never": supported values: "Always"']],
    [
      'deployments',
      { template: template({ activeDeadlineSeconds: 1 }) },
      ['spec.template.spec.activeDeadlineSeconds Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported'],
    ],
    [
      'statefulsets',
      { template: template({ activeDeadlineSeconds: 1 }) },
      ['spec.template.spec.activeDeadlineSeconds Forbidden: activeDeadlineSeconds in StatefulSet is not Supported'],
    ],
    [
      'daemonsets',
      { template: template({ activeDeadlineSeconds: 1 }) },
      ['spec.template.spec.activeDeadlineSeconds Forbidden: activeDeadlineSeconds in DaemonSet is not Supported'],
    ],
    ['deployments', { strategy: { type: 'Blue' } }, ['spec.strategy NotSupported {"Type":"Blue","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"']],
    [
      'deployments',
      { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      ["spec.strategy.rollingUpdate Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'deployments',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable Invalid "0%": may not be 0 when `maxSurge` is 0'],
    ],
    ['deployments', { strategy: { rollingUpdate: { maxUnavailable: '101%' } } }, ['spec.strategy.rollingUpdate.maxUnavailable Invalid "101%": must not be greater than 100%']],
    [
      'deployments',
      { strategy: { rollingUpdate: { maxSurge: 'many' } } },
      [
        "spec.strategy.rollingUpdate.maxSurge Invalid \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    ['deployments', { minReadySeconds: 600 }, ['spec.progressDeadlineSeconds Invalid 600: must be greater than minReadySeconds']],
    ['deployments', { revisionHistoryLimit: -1 }, [`spec.revisionHistoryLimit Invalid -1: ${NOT_NEGATIVE}`]],
    ['statefulsets', {}, []],
    ['statefulsets', { podManagementPolicy: 'Random' }, ["spec.podManagementPolicy Invalid \"Random\": must be 'OrderedReady' or 'Parallel'"]],
    ['statefulsets', { updateStrategy: { type: 'Blue' } }, ['spec.updateStrategy Invalid {"Type":"Blue","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'']],
    [
      'statefulsets',
      { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
      ['spec.updateStrategy.rollingUpdate Invalid {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\''],
    ],
    ['statefulsets', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1 } } }, [`spec.updateStrategy.rollingUpdate.partition Invalid -1: ${NOT_NEGATIVE}`]],
    [
      'statefulsets',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable Invalid 0: cannot be 0'],
    ],
    [
      'statefulsets',
      { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Burn' } },
      ['spec.persistentVolumeClaimRetentionPolicy.whenDeleted NotSupported "Burn": supported values: "Retain", "Delete"'],
    ],
    ['statefulsets', { ordinals: { start: -1 } }, [`spec.ordinals.start Invalid -1: ${NOT_NEGATIVE}`]],
    ['statefulsets', { serviceName: 'No.Label' }, [expect.stringMatching(/^spec\.serviceName Invalid "No\.Label": a lowercase RFC 1123 label must consist of/) as string]],
    [
      'statefulsets',
      { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] },
      ['spec.volumeClaimTemplates[0].spec.accessModes Required: at least 1 access mode is required', 'spec.volumeClaimTemplates[0].spec.resources[storage] Required'],
    ],
    // the claim's volume is the controller's to add, and so is the host's name
    [
      'statefulsets',
      {
        template: template({ hostname: 'Bad_Name', containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] }),
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
      },
      [],
    ],
    ['statefulsets', { template: template({ containers: [] }) }, ['spec.template.spec.containers Required']],
    ['daemonsets', {}, []],
    ['daemonsets', { updateStrategy: { type: 'Blue' } }, ['spec.updateStrategy NotSupported {"Type":"Blue","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"']],
    [
      'daemonsets',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
      ['spec.updateStrategy.rollingUpdate.maxSurge Invalid 1: may not be set when maxUnavailable is non-zero'],
    ],
    [
      'daemonsets',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable Required: cannot be 0 when maxSurge is 0'],
    ],
    ['daemonsets', { revisionHistoryLimit: -1 }, [`spec.revisionHistoryLimit Invalid -1: ${NOT_NEGATIVE}`]],
  ])('%s %j', (plural, spec, errors) => {
    expect(created(plural, spec)).toEqual(errors);
  });

  test('controller revisions: data is an object, the number not negative', () => {
    const kind = kindOf('controllerrevisions');
    const check = (fields: Loose): string[] => {
      const object = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'r' }, ...fields };
      return told([...(kind.validate?.(object, context) ?? []), ...(kind.validateCreate?.(object, context) ?? [])]);
    };
    expect(check({ revision: 1, data: {} })).toEqual([]);
    expect(check({ revision: -1, data: {} })).toEqual([`revision Invalid -1: ${NOT_NEGATIVE}`]);
    expect(check({ revision: 1 })).toEqual(['data Required: data is mandatory']);
    expect(check({ revision: 1, data: [] })).toEqual(['data Required: data must be a valid JSON object']);
  });
});

describe('what may not change', () => {
  test.each(['deployments', 'replicasets', 'daemonsets'])('the selector of %s', (plural) => {
    const after = { selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] } };
    expect(updated(plural, {}, after)).toEqual([`spec.selector Invalid ${JSON.stringify(after.selector)}: field is immutable`]);
    expect(updated(plural, {}, { minReadySeconds: 3 })).toEqual([]);
  });

  test('of a stateful set, all but a few fields', () => {
    const few =
      "spec Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    expect(updated('statefulsets', {}, { serviceName: 'other' })).toEqual([few]);
    expect(updated('statefulsets', {}, { podManagementPolicy: 'Parallel' })).toEqual([few]);
    const changes = {
      replicas: 3,
      ordinals: { start: 1 },
      minReadySeconds: 1,
      revisionHistoryLimit: 1,
      updateStrategy: { type: 'OnDelete' },
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
      template: template({ hostNetwork: false }),
    };
    expect(updated('statefulsets', {}, changes)).toEqual([]);
  });

  test('the data of a controller revision', () => {
    const kind = kindOf('controllerrevisions');
    const revision = (data: Loose, number = 1) => ({ apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'r' }, data, revision: number });
    expect(told(kind.validateUpdate?.(revision({ a: 1 }), revision({ a: 2 }), context))).toEqual(['data Invalid {"a":1}: field is immutable']);
    expect(told(kind.validateUpdate?.(revision({ a: 1 }, 2), revision({ a: 1 }), context))).toEqual([]);
  });
});

describe('status', () => {
  test.each<readonly [plural: string, after: Loose, before: Loose, errors: readonly string[]]>([
    ['deployments', { replicas: 1, updatedReplicas: 2 }, {}, ['status.updatedReplicas Invalid 2: cannot be greater than status.replicas']],
    ['deployments', { replicas: 2, availableReplicas: 1 }, {}, ['status.availableReplicas Invalid 1: cannot be greater than readyReplicas']],
    ['deployments', { collisionCount: 1 }, { collisionCount: 2 }, ['status.collisionCount Invalid 1: cannot be decremented']],
    ['deployments', { terminatingReplicas: -1 }, {}, [`status.terminatingReplicas Invalid -1: ${NOT_NEGATIVE}`]],
    ['replicasets', { replicas: 1, fullyLabeledReplicas: 2 }, {}, ['status.fullyLabeledReplicas Invalid 2: cannot be greater than status.replicas']],
    ['statefulsets', { replicas: 2, availableReplicas: 1 }, {}, ['status.availableReplicas Invalid 1: cannot be greater than status.readyReplicas']],
    ['statefulsets', { replicas: 1, currentReplicas: 2 }, {}, ['status.currentReplicas Invalid 2: cannot be greater than status.replicas']],
    ['daemonsets', { numberReady: -1 }, {}, [`status.numberReady Invalid -1: ${NOT_NEGATIVE}`]],
    ['daemonsets', { numberReady: 0, numberAvailable: 1 }, {}, []],
  ])('%s %j', (plural, after, before, errors) => {
    expect(status(plural, after, before)).toEqual(errors);
  });

  test.each(['deployments', 'replicasets', 'statefulsets', 'daemonsets'])('the door of %s leaves the spec alone', (plural) => {
    const door = kindOf(plural).stored.find(({ name }) => name === 'status')!;
    const incoming: KubeObject = { ...defaulted(plural, { minReadySeconds: 9 }), metadata: { name: 'web', labels: { a: 'b' }, annotations: { c: 'd' } }, status: { replicas: 1 } };
    door.prepareForUpdate(incoming, defaulted(plural), context);
    expect(incoming['spec']).toEqual(defaulted(plural)['spec']);
    expect(incoming.metadata.annotations).toMatchObject({ c: 'd' });
    // of deployments labels are kept too
    expect(incoming.metadata.labels).toEqual(plural === 'deployments' ? undefined : { a: 'b' });
  });
});

test('generation: the spec raises it, and of a deployment its annotations', () => {
  const changes = (plural: string, metadata: Loose, spec: Loose = {}) => kindOf(plural).specChanged?.(defaulted(plural, spec, metadata), defaulted(plural));
  expect(changes('deployments', { annotations: { a: 'b' } })).toBe(true);
  expect(changes('deployments', { labels: { a: 'b' } })).toBe(false);
  expect(changes('deployments', {}, { paused: true })).toBe(true);
});

test('daemon sets count changes of their template in an annotation that clients may not set', () => {
  const kind = kindOf('daemonsets');
  const annotation = 'deprecated.daemonset.template.generation';
  const first = defaulted('daemonsets');
  kind.prepareForCreate?.(first, context);
  expect(first.metadata.annotations).toEqual({ [annotation]: '1' });
  const second = defaulted('daemonsets', { template: template({ hostNetwork: true }) }, { annotations: { [annotation]: '7' } });
  kind.prepareForUpdate?.(second, first, context);
  expect(second.metadata.annotations).toEqual({ [annotation]: '2' });
  const third = defaulted('daemonsets', { template: template({ hostNetwork: true }), minReadySeconds: 1 });
  kind.prepareForUpdate?.(third, second, context);
  expect(third.metadata.annotations).toEqual({ [annotation]: '2' });
});

describe('warnings', () => {
  test('a name that is no label, on creation', () => {
    const long = defaulted('deployments', {}, { name: 'web.example' });
    expect(kindOf('deployments').warnings?.(long, undefined)).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ]);
    expect(kindOf('deployments').warnings?.(long, long)).toEqual([]);
    expect(kindOf('daemonsets').warnings?.(defaulted('daemonsets', {}, { name: 'web.example' }), undefined)).toEqual([]);
  });

  test('a history that never ends, and half a byte', () => {
    const set = defaulted('statefulsets', {
      revisionHistoryLimit: -1,
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage: '500m' } } } }],
    });
    expect(kindOf('statefulsets').warnings?.(set, undefined)).toEqual([
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ]);
  });
});

describe('tables and scale', () => {
  const now = Date.parse('2026-01-01T01:00:00Z');
  const created1h = { creationTimestamp: '2026-01-01T00:00:00Z' };
  test.each<readonly [plural: string, names: readonly string[], status: Loose, cells: readonly unknown[]]>([
    [
      'deployments',
      ['Ready', 'Up-to-date', 'Available', 'Age', 'Containers', 'Images', 'Selector'],
      { readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 },
      ['2/1', 1, 2, '60m', 'c', 'web:1', 'app=web'],
    ],
    ['replicasets', ['Desired', 'Current', 'Ready', 'Age', 'Containers', 'Images', 'Selector'], { replicas: 3, readyReplicas: 2 }, [1, 3, 2, '60m', 'c', 'web:1', 'app=web']],
    ['statefulsets', ['Ready', 'Age', 'Containers', 'Images'], { readyReplicas: 1 }, ['1/1', '60m', 'c', 'web:1']],
    [
      'daemonsets',
      ['Desired', 'Current', 'Ready', 'Up-to-date', 'Available', 'Node Selector', 'Age', 'Containers', 'Images', 'Selector'],
      { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 2, numberAvailable: 1 },
      [3, 2, 1, 2, 1, '<none>', '60m', 'c', 'web:1', 'app=web'],
    ],
  ])('%s', (plural, names, seen, cells) => {
    const kind = kindOf(plural);
    expect(kind.columns?.map(({ name }) => name)).toEqual(names);
    expect(kind.row?.({ ...defaulted(plural, {}, created1h), status: seen }, now).cells).toEqual(cells);
  });

  test('a controller revision names its owner', () => {
    const revision = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name: 'r', ...created1h, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }] },
      revision: 2,
    };
    expect(kindOf('controllerrevisions').row?.(revision, now).cells).toEqual(['statefulset.apps/db', 2, '60m']);
  });

  test.each(['deployments', 'replicasets', 'statefulsets'])('%s have a scale with a selector', (plural) => {
    const { scale } = kindOf(plural);
    expect(scale).toMatchObject({ specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'] });
    expect(scale?.selector(defaulted(plural))).toBe('app=web');
  });
  test('daemon sets have none', () => {
    expect(kindOf('daemonsets').scale).toBeUndefined();
  });
});
