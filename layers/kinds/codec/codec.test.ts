import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '#machinery/status.ts';
import type { JsonObject } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { RESOURCES, schemaOf, schemaOfKind } from '../schema.ts';
import { decodeEnvelope, decodeMessage, decodeObject, encodeEnvelope, encodeMessage } from './codec.ts';
import { hasOracle, vectors } from '../generate/oracle.ts';
import { encodeWatchFrame, WatchFrames } from './watch.ts';

function schemaOfObject({ apiVersion, kind }: Record<string, unknown>): TypeSchema {
  const [group, version] = String(apiVersion).includes('/') ? (String(apiVersion).split('/') as [string, string]) : ['', String(apiVersion)];
  return schemaOfKind(group, version, String(kind))!;
}

const pod = schemaOfKind('', 'v1', 'Pod')!;
const refusal = (bytes: Uint8Array): string => {
  try {
    decodeObject(bytes);
  } catch (error) {
    if (error instanceof ApiError) return `${error.status.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
};
const wrap = (content: Uint8Array, apiVersion = 'v1', kind = 'Pod'): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    Buffer.from([0x0a, apiVersion.length + kind.length + 4, 0x0a, apiVersion.length]),
    Buffer.from(apiVersion),
    Buffer.from([0x12, kind.length]),
    Buffer.from(kind),
    // 0x12 and a length in five bytes
    Buffer.from([0x12, (content.length & 127) | 128, ((content.length >>> 7) & 127) | 128, ((content.length >>> 14) & 127) | 128, ((content.length >>> 21) & 127) | 128, 0]),
    content,
  ]);

describe.skipIf(!hasOracle('protobuf of every GA kind against upstream vectors'))('upstream vectors', () => {
  for (const { name, json, protobuf } of hasOracle('vectors') ? vectors() : []) {
    const type = 'kind' in json ? schemaOfObject(json) : schemaOfKind('', 'v1', 'WatchEvent')!;
    it(`decodes ${name}`, () => expect(decodeEnvelope(protobuf, type)).toEqual(json));
    it(`encodes ${name} to the same bytes`, () => expect(encodeEnvelope(type, json).equals(protobuf)).toBe(true));
  }
});

describe('unset fields', () => {
  it('are what a Go server writes', () => {
    const decoded = decodeObject(encodeEnvelope(pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'c' }] } }));
    expect(decoded).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'c', resources: {} }] }, status: {} });
  });
  it('lists without omitempty are null, pointers without omitempty too', () => {
    const role = schemaOfKind('rbac.authorization.k8s.io', 'v1', 'Role')!;
    expect(decodeMessage(role, new Uint8Array())).toEqual({ metadata: {}, rules: null });
    expect(decodeMessage(schemaOf('io.k8s.api.core.v1.GRPCAction')!, new Uint8Array())).toEqual({ port: 0, service: null });
  });
  it('a zero behind a pointer stays', () => {
    const spec = schemaOf('io.k8s.api.apps.v1.DeploymentSpec')!;
    expect(decodeMessage(spec, encodeMessage(spec, { replicas: 0, template: {} }))).toMatchObject({ replicas: 0 });
  });
  it('a field repeated on the wire: the last one counts, messages are merged', () => {
    const meta = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')!;
    expect(decodeMessage(meta, Buffer.from('0a01610a0162', 'hex'))).toEqual({ name: 'b' });
    expect(decodeMessage(meta, Buffer.from('0a01610a00', 'hex'))).toEqual({});
    expect(decodeMessage(pod, Buffer.from('0a030a016112000a031a0162', 'hex'))).toMatchObject({ metadata: { name: 'a', namespace: 'b' } });
  });
});

describe('values with a form of their own', () => {
  const roundTrip = (name: string, object: JsonObject): JsonObject => {
    const type = schemaOf(name)!;
    return decodeMessage(type, encodeMessage(type, object));
  };
  it('int64 beyond 2^53 is exact', () => {
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
    for (const text of ['9007199254740993', '9223372036854775807', '-9223372036854775808']) {
      expect(JSON.stringify(roundTrip(meta, { generation: BigInt(text) }))).toBe(`{"generation":${text}}`);
      expect(JSON.stringify(roundTrip(meta, roundTrip(meta, { generation: BigInt(text) })))).toBe(`{"generation":${text}}`);
    }
    expect(roundTrip(meta, { generation: Number.MAX_SAFE_INTEGER })).toEqual({ generation: Number.MAX_SAFE_INTEGER });
    expect(roundTrip(meta, { generation: -3 })).toEqual({ generation: -3 });
  });
  it('so are integers in embedded JSON', () => {
    const revision = schemaOfKind('apps', 'v1', 'ControllerRevision')!;
    const data = JSON.parse('{"a":[9007199254740993,1.5,1e300,"9007199254740993"]}', (_key, value: unknown, context?: { readonly source?: string }) =>
      context?.source === '9007199254740993' ? JSON.rawJSON(context.source) : value,
    ) as JsonObject;
    expect(JSON.stringify(decodeMessage(revision, encodeMessage(revision, { data }))['data'])).toBe('{"a":[9007199254740993,1.5,1e+300,"9007199254740993"]}');
  });
  it('bytes are base64, strings UTF-8', () => {
    const secret = schemaOfKind('', 'v1', 'Secret')!;
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', annotations: { 'é😀': 'ü', '\u{ff5e}': 'x', z: '' } }, data: { a: 'AP8=', b: '' } };
    expect(decodeObject(encodeEnvelope(secret, object))).toEqual(object);
  });
  it('map keys are sorted by bytes, and may be called __proto__', () => {
    const config = schemaOfKind('', 'v1', 'ConfigMap')!;
    const data = JSON.parse('{"b":"1","a":"2","__proto__":"3","\u{1f600}":"4","\uff5e":"5"}') as JsonObject;
    const bytes = encodeEnvelope(config, { data });
    expect([...bytes.toString('utf8').matchAll(/.(b|a|__proto__|\u{1f600}|\uff5e)./gsu)].map((match) => match[1])).toEqual(['__proto__', 'a', 'b', '\uff5e', '\u{1f600}']);
    const decoded = decodeEnvelope(bytes, config)['data'] as JsonObject;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(JSON.stringify(decoded)).toContain('"__proto__":"3"');
  });
  it('times: none, the epoch, fractions', () => {
    const lease = 'io.k8s.api.coordination.v1.LeaseSpec';
    expect(roundTrip(lease, { renewTime: '2026-11-24T14:00:00.123456Z' })).toEqual({ renewTime: '2026-11-24T14:00:00.123456Z' });
    expect(roundTrip(lease, { renewTime: '2026-11-24T16:00:00.1234567+02:00' })).toEqual({ renewTime: '2026-11-24T14:00:00.123456Z' });
    const condition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Condition';
    expect(roundTrip(condition, { lastTransitionTime: '1970-01-01T00:00:00Z' })).toMatchObject({ lastTransitionTime: '1970-01-01T00:00:00Z' });
    expect(roundTrip(condition, {})).toMatchObject({ lastTransitionTime: null });
  });
  it('durations', () => {
    const metrics = 'io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics';
    for (const window of ['0s', '30s', '1m0s', '1h0m0.5s', '1.5ms', '2µs', '-3ns', '2562047h47m16.854775807s']) expect(roundTrip(metrics, { window })).toMatchObject({ window });
  });
  it('JSON schemas with their either-or types, to any depth a person writes', () => {
    const validation = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation';
    const openAPIV3Schema = {
      type: 'object',
      default: { a: [1, 'x', null] },
      additionalProperties: false,
      properties: {
        a: { type: 'array', items: { type: 'string', enum: ['x', 1] } },
        b: { additionalProperties: { type: 'integer', maximum: 1.5 } },
        c: { additionalProperties: true },
      },
      dependencies: { a: ['b'], b: { type: 'object' } },
    };
    expect(roundTrip(validation, { openAPIV3Schema })).toEqual({ openAPIV3Schema });
  });
  it('JSON within a message, byte for byte as Go writes it', () => {
    const revision = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'r' }, data: { command: 'a && b > c' }, revision: 1 };
    const bytes = encodeEnvelope(schemaOfKind('apps', 'v1', 'ControllerRevision')!, revision);
    expect(bytes.includes('{"command":"a \\u0026\\u0026 b \\u003e c"}')).toBe(true);
    expect(decodeObject(bytes)).toEqual(revision);
  });
  it('an object in an envelope within a RawExtension', () => {
    const event = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent')!;
    const inner = encodeEnvelope(pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } });
    const frame = encodeWatchFrame('ADDED', inner);
    expect(decodeMessage(event, frame.subarray(4))).toMatchObject({ type: 'ADDED', object: { kind: 'Pod', metadata: { name: 'x' } } });
  });
});

describe('watch frames', () => {
  it('survive being cut anywhere', () => {
    const objects = ['a', 'b'.repeat(200)].map((name) => encodeEnvelope(pod, { apiVersion: 'v1', kind: 'Pod', metadata: { name } }));
    const stream = Buffer.concat([encodeWatchFrame('ADDED', objects[0]!), encodeWatchFrame('DELETED', objects[1]!)]);
    for (let cut = 0; cut <= stream.length; cut += 7) {
      const frames = new WatchFrames();
      const seen = [...frames.push(stream.subarray(0, cut)), ...frames.push(stream.subarray(cut))];
      expect(seen.map(({ type, object }) => [type, Buffer.from(object)])).toEqual([
        ['ADDED', objects[0]],
        ['DELETED', objects[1]],
      ]);
    }
  });
  it('too long is refused at once', () => expect(() => new WatchFrames().push(Buffer.from('ffffffff', 'hex'))).toThrow(/too long/));
});

describe('what is not protobuf', () => {
  it('is refused with a reason', () => {
    expect(refusal(Buffer.from('{}'))).toBe('400 the body is not valid protobuf: the object does not begin with the four bytes "k8s\\0"');
    expect(refusal(wrap(Buffer.from('0a05', 'hex')))).toBe('400 the body is not valid protobuf: unexpected end of input');
    expect(refusal(wrap(Buffer.from('0801', 'hex')))).toBe('400 the body is not valid protobuf: wire type 0 stands where 2 is due');
    expect(refusal(wrap(Buffer.from('0000', 'hex')))).toBe('400 the body is not valid protobuf: field 0 does not exist');
    expect(refusal(wrap(new Uint8Array(), 'example.com/v1', 'Widget'))).toBe('400 no kind "Widget" is registered for version "example.com/v1"');
  });
  it('unknown fields of any wire type are passed over', () => {
    const unknown = Buffer.from('c80c01c90c0102030405060708ca0c0161cd0c01020304cb0cc80c01cc0c', 'hex');
    expect(decodeObject(wrap(unknown))).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: null }, status: {} });
  });
  it('nesting and the number of messages are bounded', () => {
    let props = Buffer.alloc(0);
    const length = (size: number): Buffer => Buffer.from([(size & 127) | 128, ((size >>> 7) & 127) | 128, (size >>> 14) & 127]);
    // `not` (26) is a schema in a schema.
    for (let depth = 0; depth < 5000; depth++) props = Buffer.concat([Buffer.from([0xd2, 0x01]), length(props.length), props]);
    expect(() => decodeMessage(schemaOf('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps')!, props)).toThrow(/nested deeper/);
    // a PodSpec of a million empty containers (field 2)
    expect(() => decodeMessage(schemaOf('io.k8s.api.core.v1.PodSpec')!, Buffer.alloc(2_000_000, Buffer.from([0x12, 0]))).toString()).toThrow(/more than 400000 messages/);
    let groups = Buffer.alloc(100_000, Buffer.from([0xcb, 0x0c]));
    groups = Buffer.concat([groups, groups]);
    expect(refusal(wrap(groups))).toMatch(/nested deeper/);
  });
  it('no bytes make it crash or hang', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...RESOURCES), (bytes, { group, version, kind }) => {
        try {
          decodeMessage(schemaOfKind(group, version, kind)!, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { numRuns: 3000 },
    );
  });
  it.skipIf(!hasOracle('mutated protobuf vectors'))('nor do damaged objects', () => {
    const all = vectors();
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.nat(), ({ protobuf }, changes, cut) => {
        const bytes = Buffer.from(cut % 3 === 0 ? protobuf.subarray(0, cut % protobuf.length) : protobuf);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          JSON.stringify(decodeObject(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** Objects of a type, with everything a Go server would write. */
function objects(type: TypeSchema, depth: number): fc.Arbitrary<unknown> {
  const text = fc.string({ maxLength: 12, unit: 'grapheme' }).filter((value) => value === Buffer.from(value).toString());
  switch (type.type) {
    case 'string':
      return type.name.endsWith('Duration') ? fc.constant('1m30s') : text;
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return type.format === 'int64' ? fc.maxSafeInteger() : fc.integer();
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'quantity':
      return fc.constantFrom('0', '1', '100m', '2Gi');
    case 'intOrString':
      return fc.oneof(fc.integer(), text);
    case 'time':
      return fc.constantFrom('2026-11-24T14:00:00Z', '1999-12-31T23:59:59Z');
    case 'microTime':
      return fc.constantFrom('2026-11-24T14:00:00.000001Z', '1999-12-31T23:59:59.999999Z');
    case 'fieldsV1':
      return fc.constant({ 'f:spec': { '.': {} } });
    case 'any':
      return type.name.includes('JSONSchemaPropsOr') ? fc.constant({ type: 'string' }) : fc.jsonValue().filter((value) => value !== null && JSON.stringify(value) !== '-0');
    case 'array':
      return fc.array(objects(type.items!, depth), { minLength: 1, maxLength: 2 });
    case 'map':
      return fc.dictionary(text, objects(type.items!, depth), { minKeys: 1, maxKeys: 2 });
    case 'object': {
      const fields: Record<string, fc.Arbitrary<unknown>> = {};
      for (const field of type.fields!.values()) if (field.proto !== undefined && depth > 0) fields[field.name] = objects(field.type, depth - 1);
      return fc.record(fields, { requiredKeys: [] });
    }
  }
}

describe('round trips', () => {
  // Minus zero is zero in JSON, and what reading fills in is there already the second time.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  for (const { group, version, kind } of RESOURCES.filter(({ kind }) =>
    ['Pod', 'Service', 'Deployment', 'CustomResourceDefinition', 'EndpointSlice', 'Lease', 'FlowSchema', 'APIService'].includes(kind),
  )) {
    it(`${kind}: reading what was written, written again, are the same bytes and the same object`, () => {
      const type = schemaOfKind(group, version, kind)!;
      fc.assert(
        fc.property(objects(type, 5), (object) => {
          const once = encodeMessage(type, plain(object) as JsonObject);
          const read = decodeMessage(type, once);
          const again = encodeMessage(type, read);
          expect(plain(decodeMessage(type, again))).toEqual(plain(read));
          expect(plain(read)).toMatchObject(dropEmpty(plain(object), type) as JsonObject);
        }),
        { numRuns: 60 },
      );
    });
  }
});

/** What Go leaves out: zero values behind omitempty. */
function dropEmpty(value: unknown, type: TypeSchema): unknown {
  if (type.type === 'array') return (value as unknown[]).map((item) => dropEmpty(item, type.items!));
  if (type.type === 'map') return Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, dropEmpty(item, type.items!)]));
  if (type.type !== 'object') return value;
  const kept: JsonObject = {};
  for (const [name, item] of Object.entries(value as JsonObject)) {
    const field = type.fields!.get(name)!;
    if (field.pointer !== true && field.always !== true && (item === '' || item === 0 || item === false)) continue;
    kept[name] = dropEmpty(item, field.type);
  }
  return kept;
}
