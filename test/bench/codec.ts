/** What reading and judging one Pod takes, without a server: processor time of this process, which runs the API server's own code. */
import { decodeBody } from '#apiserver/write/decode.ts';
import type { KindContext } from '#kinds/kind.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { schemaOfKind } from '#kinds/schema.ts';
import type { KubeObject } from '#machinery/object.ts';
import { validateObjectMeta } from '#machinery/object-meta.ts';
import { systemClock as clock, systemIds as ids } from '#machinery/system.ts';
import { asProtobuf, pod, PROTOBUF } from './bodies.ts';
import { percentile } from './measure.ts';
import type { Outcome, Row } from './row.ts';

const ROUNDS = 25;
const PODS = 2_000;

const kind = builtInKinds().byKind('', 'v1', 'Pod')!;
const schema = schemaOfKind('', 'v1', 'Pod')!;
const type = { group: '', version: 'v1', kind: 'Pod', schema };
const context: KindContext = { clock, ids, user: { name: 'bench', groups: [] } };

/** The median round: what the compiler and the collector take on the way is not a Pod's. */
function perPod(size: number, once: () => void): Outcome {
  const count = Math.max(10, Math.round(PODS * size));
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) once();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  }).sort((a, b) => a - b);
  return { text: `${percentile(rounds, 0.5).toFixed(1)} µs (${percentile(rounds, 0.1).toFixed(1)} to ${percentile(rounds, 0.9).toFixed(1)})`, failed: 0 };
}

function decoding(bytes: Uint8Array, contentType: string): (size: number) => Outcome {
  return (size) => perPod(size, () => void decodeBody(bytes, contentType, type, 'Strict', []));
}

const body = (): string => pod('one');

/** A Pod as it is when it is judged: defaults and all. */
function prepared(): KubeObject {
  const object = JSON.parse(body()) as KubeObject;
  object.metadata.namespace = 'default';
  kind.defaults?.(object);
  kind.prepareForCreate?.(object, context);
  kind.defaults?.(object);
  return object;
}

function validation(size: number): Outcome {
  const object = prepared();
  const judge = (): readonly unknown[] => [
    ...validateObjectMeta(object.metadata, kind),
    ...(kind.validate?.(object, context) ?? []),
    ...(kind.validateCreate?.(object, context) ?? []),
  ];
  const errors = judge();
  if (errors.length > 0) throw new Error(`the Pod of the bench is not valid: ${JSON.stringify(errors[0])}`);
  return perPod(size, judge);
}

const row = (id: string, title: string, measured: (size: number) => Outcome): Row => ({ id, title, kubernetes: 'not measured', goal: '', run: async ({ size }) => measured(size) });

export const CODEC_ROWS: readonly Row[] = [
  row('decode-json', 'JSON to a Pod (CPU)', (size) => decoding(Buffer.from(body()), 'application/json')(size)),
  row('decode-protobuf', 'protobuf to a Pod (CPU)', (size) => decoding(asProtobuf(body()), PROTOBUF)(size)),
  row('validate', 'validation of a Pod (CPU)', validation),
];
