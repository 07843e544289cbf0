import { describe, expect, test } from 'vitest';
import type { ResourceV1ResourceClaim as ResourceClaim } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { cells, created, problems, updated } from '../testing/kinds.ts';

const API = 'resource.k8s.io/v1';
const claim = (devices: object, status?: object): ResourceClaim => ({
  apiVersion: API,
  kind: 'ResourceClaim',
  metadata: {},
  spec: { devices },
  ...(status === undefined ? {} : { status: status as NonNullable<ResourceClaim['status']> }),
});
const request = { name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } };
const AT = 'spec.devices.requests[0]';

describe('a claim', () => {
  test('asks for one device where it does not say how many', () => {
    expect(created(claim({ requests: [request] })).spec.devices).toEqual({ requests: [{ name: 'gpu', exactly: { ...request.exactly, allocationMode: 'ExactCount', count: 1 } }] });
  });
  test.each<[object, string[]]>([
    [{ requests: [request] }, []],
    [{ requests: [{ name: 'gpu' }] }, [`${AT}: Required: exactly one of \`exactly\` or \`firstAvailable\` is required`]],
    [{ requests: [request, request] }, ['spec.devices.requests[1]: Duplicate']],
    [
      { requests: [{ name: 'gpu', exactly: { deviceClassName: 'a', allocationMode: 'All', count: 2 } }] },
      [`${AT}.exactly.count: Invalid: must not be specified when allocationMode is 'All'`],
    ],
    [
      { requests: [{ name: 'gpu', exactly: { deviceClassName: 'a', selectors: [{ cel: { expression: '1' } }] } }] },
      [`${AT}.exactly.selectors[0].cel.expression: Invalid: must evaluate to bool or the unknown type, not int`],
    ],
    [
      { requests: [request], constraints: [{ requests: ['nic'], matchAttribute: 'model' }] },
      [
        "spec.devices.constraints[0].requests[0]: Invalid: must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
        'spec.devices.constraints[0].matchAttribute: Invalid: a fully qualified name must be a domain and a name separated by a slash',
      ],
    ],
    [{ requests: [request], config: [{ opaque: { driver: 'a.example', parameters: 'x' } }] }, ['spec.devices.config[0].opaque.parameters: Invalid: must be a valid JSON object']],
  ])('%o', (devices, expected) => expect(problems(claim(devices))).toEqual(expected));
  test('an expression speaks of the device', () => {
    const of = (expression: string) => problems(claim({ requests: [{ name: 'gpu', exactly: { deviceClassName: 'a', selectors: [{ cel: { expression } }] } }] }));
    expect(of('device.driver == "a" && device.attributes["a"].model == "x" && device.capacity["a"].memory.isGreaterThan(quantity("1Gi"))')).toEqual([]);
    expect(of('device.color == "red"')[0]).toMatch(/compilation failed: ERROR: <input>:1:7: undefined field 'color'/u);
  });

  const result = { request: 'gpu', driver: 'a.example', pool: 'p', device: 'd-0' };
  const consumer = { resource: 'pods', name: 'a', uid: '1' };
  test('its spec stays; its status is allocated once, to consumers that are named', () => {
    const old = claim({ requests: [request] });
    expect(updated(old, claim({ requests: [] })).problems).toEqual(['spec: Invalid: field is immutable']);
    const status = (next: object, before?: object) => updated({ ...old, ...(before === undefined ? {} : { status: before }) }, claim({}, next), 'status');
    expect(status({ allocation: {} }).problems).toEqual([]);
    expect(status({ reservedFor: [consumer] }).problems).toEqual(['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']);
    expect(status({ allocation: { devices: { results: [{ ...result, request: 'nic' }] } } }).problems).toHaveLength(1);
    expect(status({ allocation: { devices: { results: [] } } }, { allocation: { devices: { results: [result] } } }).problems).toEqual([
      'status.allocation: Invalid: field is immutable',
    ]);
    expect(status({ allocation: { devices: { results: [result] } }, devices: [{ driver: 'a.example', pool: 'p', device: 'd-1' }] }).problems).toEqual([
      'status.devices[0]: Invalid: must be an allocated device in the claim',
    ]);
    const freed = status(
      { devices: [{ driver: 'a.example', pool: 'p', device: 'd-0' }] },
      { allocation: { devices: { results: [result] } }, devices: [{ driver: 'a.example', pool: 'p', device: 'd-0' }] },
    );
    expect(freed.object.status).toEqual({});
    expect(freed.object.spec).toEqual(created(old).spec);
  });
  test('table', () => {
    expect(cells(claim({}))).toEqual(['pending', '10m']);
  });
});

describe('a slice', () => {
  const slice = (over: object): KubeObject => ({
    apiVersion: API,
    kind: 'ResourceSlice',
    metadata: {},
    spec: { driver: 'a.example', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'n1', ...over },
  });
  test.each<[object, string[]]>([
    [{}, []],
    [{ devices: [{ name: 'd-0', attributes: { model: { string: 'x' }, 'a.example/v': { version: '1.0.0' } }, capacity: { memory: { value: '1Gi' } } }] }, []],
    [{ nodeName: undefined }, ['spec: Required: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required']],
    [{ allNodes: true }, ['spec: Invalid: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set']],
    [
      { pool: { name: '', generation: -1, resourceSliceCount: 0 } },
      ['spec.pool.name: Required', 'spec.pool.resourceSliceCount: Invalid: must be greater than zero', 'spec.pool.generation: Invalid: must be greater than or equal to zero'],
    ],
    [
      { devices: [{ name: 'd', attributes: { 'a-b': { string: 'x', int: 1 }, v: { version: '1' } } }] },
      [
        expect.stringContaining('spec.devices[0].attributes: Invalid: a valid C identifier') as unknown as string,
        'spec.devices[0].attributes[a-b]: Invalid: exactly one value must be specified',
        'spec.devices[0].attributes[v].version: Invalid: must be a string compatible with semver.org spec 2.0.0',
      ],
    ],
    [
      { devices: [{ name: 'd', taints: [{ key: 'k', effect: 'Never' }], nodeName: 'n' }] },
      [
        'spec.devices[0].taints[0].effect: NotSupported: supported values: "NoExecute", "NoSchedule", "None"',
        'spec.devices[0]: Invalid: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [{ devices: [{ name: 'd', bindingConditions: ['a'] }] }, ['spec.devices[0].bindingFailureConditions: Invalid: bindingFailureConditions are required to use bindingConditions']],
    [
      {
        devices: [{ name: 'd', allowMultipleAllocations: true, capacity: { m: { value: '10', requestPolicy: { default: '3', validRange: { min: '2', max: '20', step: '2' } } } } }],
      },
      [
        'spec.devices[0].capacity[m].requestPolicy.validRange.max: Invalid: max is larger than capacity value: 10',
        'spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid: value is not a multiple of a given step (2) from (2)',
      ],
    ],
  ])('%o', (over, expected) => expect(problems(slice(over))).toEqual(expected));
  test('driver, pool and node stay', () => {
    expect(updated(slice({}), slice({ driver: 'b.example', nodeName: 'n2' })).problems).toEqual([
      'spec.driver: Invalid: field is immutable',
      'spec.nodeName: Invalid: field is immutable',
    ]);
    expect(cells(slice({}))).toEqual(['n1', 'a.example', 'p', '10m']);
  });
  test('a taint gets its time', () => {
    expect(created(slice({ devices: [{ name: 'd', taints: [{ key: 'k', effect: 'NoSchedule' }] }] }))['spec']).toMatchObject({
      devices: [{ taints: [{ timeAdded: '2026-01-01T00:10:00Z' }] }],
    });
  });
});

describe('a class and a template', () => {
  const deviceClass = (spec: object): KubeObject => ({ apiVersion: API, kind: 'DeviceClass', metadata: {}, spec });
  test('rules', () => {
    expect(problems(deviceClass({ selectors: [{ cel: { expression: 'false' } }], extendedResourceName: 'example.com/gpu' }))).toEqual([]);
    expect(problems(deviceClass({ selectors: [{}], extendedResourceName: 'cpu' }))).toEqual([
      'spec.selectors[0].cel: Required',
      'spec.extendedResourceName: Invalid: must be a valid extended resource name',
    ]);
    const template = (spec: object): KubeObject => ({ apiVersion: API, kind: 'ResourceClaimTemplate', metadata: {}, spec });
    expect(problems(template({ spec: { devices: { requests: [{ name: 'A', exactly: { deviceClassName: '' } }] } } }))).toEqual([
      expect.stringContaining('spec.spec.devices.requests[0].name: Invalid: a lowercase RFC 1123 label'),
      'spec.spec.devices.requests[0].exactly.deviceClassName: Required',
    ]);
    expect(updated(template({ spec: {} }), template({ metadata: { labels: { a: 'b' } }, spec: {} })).problems).toEqual(['spec: Invalid: field is immutable']);
  });
});
