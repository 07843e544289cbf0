/** `/scale` of kinds that have replicas: an autoscaling/v1 Scale that reads and writes one number of the object. */
import type { Kind } from '#kinds/kind.ts';
import { schemaOf } from '#kinds/schema.ts';
import { apply } from '#machinery/apply/apply.ts';
import { fromScale, type ReplicasPaths, toScale } from '#machinery/apply/scale.ts';
import { trackUpdate } from '#machinery/apply/track.ts';
import { invalid } from '#machinery/field-error.ts';
import type { KubeObject, ManagedFieldsEntry } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { badRequest, conflict, invalidObject } from '#machinery/status.ts';
import { type Call, refOf, timestamp } from '../context.ts';
import { parseBytes } from '../write/body.ts';
import { copyOf } from '../write/copy.ts';
import { toServed } from '../write/store-write.ts';
import { get } from './get.ts';
import { update, type UpdateInput } from './update.ts';

export interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

function at(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined), object);
}

function put(object: KubeObject, path: readonly string[], value: number): void {
  let place = object as Record<string, unknown>;
  for (const key of path.slice(0, -1)) place = (place[key] ??= {}) as Record<string, unknown>;
  place[path.at(-1)!] = value;
}

export function scaleOf(kind: Kind, object: KubeObject): Scale {
  const { scale } = kind;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = scale!.selector(object);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: name!, ...(namespace === undefined ? {} : { namespace }), uid: uid!, resourceVersion: resourceVersion!, creationTimestamp: creationTimestamp! },
    spec: { replicas: Number(at(object, scale!.specReplicas) ?? 0) },
    status: { replicas: Number(at(object, scale!.statusReplicas) ?? 0), ...(selector === '' ? {} : { selector }) },
  };
}

export async function getScale(call: Call): Promise<Scale> {
  return scaleOf(call.kind, toServed(call.kind, parseBytes((await get(call)).body)));
}

export const scaleSchema = (): TypeSchema => schemaOf('io.k8s.api.autoscaling.v1.Scale')!;

/** Always the same array: what is worked out for it is kept. */
const NO_FIELDS: readonly (readonly string[])[] = [];
/** Every version of a kind keeps its replicas in the place that this one does. */
const pathsOf =
  ({ group, scale }: Kind): ReplicasPaths =>
  (apiVersion) =>
    (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '') === group ? scale!.specReplicas : undefined;

/** The Scale with those entries of the object that own its replicas. */
function owned(kind: Kind, object: KubeObject): Scale {
  const scale = scaleOf(kind, object);
  const managedFields = toScale(object.metadata.managedFields, pathsOf(kind));
  return managedFields.length === 0 ? scale : { ...scale, metadata: { ...scale.metadata, managedFields } };
}

const fieldsOf = (call: Call, manager: string) => ({
  manager,
  schema: scaleSchema(),
  apiVersion: 'autoscaling/v1',
  subresource: 'scale',
  time: timestamp(call.parts.clock.now()),
  resetFields: NO_FIELDS,
});

/** Ownership of the replicas as it is after a write of the Scale. */
function own(kind: Kind, object: KubeObject, old: KubeObject, scaled: readonly ManagedFieldsEntry[]): void {
  const entries = fromScale(old.metadata.managedFields, scaled, object.apiVersion, pathsOf(kind));
  if (entries.length > 0) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

type ScaleInput = Omit<UpdateInput, 'change' | 'mayCreate' | 'tracker' | 'admittedAs'>;

/** Server-side apply of a Scale. @throws ApiError 409 where another manager owns the replicas */
export async function applyScale(call: Call, input: ScaleInput & { readonly config: KubeObject; readonly force: boolean }): Promise<Scale> {
  let managed: readonly ManagedFieldsEntry[] = [];
  return write(
    call,
    input,
    (current) => {
      const { resourceVersion } = input.config.metadata;
      const applied = apply(owned(call.kind, current), input.config, { ...fieldsOf(call, input.fieldManager), force: input.force });
      managed = applied.managedFields;
      const { resourceVersion: _, ...metadata } = applied.object.metadata;
      return { ...applied.object, metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion } };
    },
    (object, old) => own(call.kind, object, old, managed),
  );
}

/** `change` makes the new Scale from the current one; it may be asked again. */
export function updateScale(call: Call, input: ScaleInput & { readonly change: (current: Scale) => KubeObject | Promise<KubeObject> }): Promise<Scale> {
  const { kind } = call;
  return write(
    call,
    input,
    (current) => input.change(scaleOf(kind, current)),
    (object, old) => own(kind, object, old, trackUpdate(owned(kind, old), scaleOf(kind, object), fieldsOf(call, input.fieldManager))),
  );
}

async function write(
  call: Call,
  input: ScaleInput,
  change: (current: KubeObject) => KubeObject | Promise<KubeObject>,
  track: (object: KubeObject, old: KubeObject) => void,
): Promise<Scale> {
  const { kind, name } = call;
  const main = { ...call, subresource: '' };
  const { object } = await update(main, {
    ...input,
    mayCreate: false,
    admittedAs: 'scale',
    tracker: (object, old) => track(object, old!),
    async change(current) {
      const uid = current!.metadata.uid!;
      const scale = (await change(current!)) as Scale;
      const { metadata } = scale;
      if (metadata?.name !== undefined && metadata.name !== '' && metadata.name !== name)
        throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
      if (metadata?.uid !== undefined && metadata.uid !== '' && metadata.uid !== uid)
        throw conflict(refOf(kind), name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`);
      const replicas = scale.spec?.replicas ?? 0;
      if (replicas < 0) throw invalidObject('autoscaling', 'Scale', name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
      const object = copyOf(current!, current!);
      put(object, kind.scale!.specReplicas, replicas);
      const { resourceVersion } = metadata ?? {};
      // the reader's version is insisted on, a scale without one takes whatever is there
      if (resourceVersion === undefined || resourceVersion === '') delete object.metadata.resourceVersion;
      else object.metadata.resourceVersion = resourceVersion;
      return object;
    },
  });
  return scaleOf(kind, object);
}
