/** `/scale` of kinds that have replicas: an autoscaling/v1 Scale that reads and writes one number of the object. */
import type { Kind } from '#kinds/kind.ts';
import { invalid } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, conflict, invalidObject } from '#machinery/status.ts';
import { type Call, refOf } from '../context.ts';
import { parseBytes } from '../write/body.ts';
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

/** `change` makes the new Scale from the current one; it may be asked again. */
export async function updateScale(
  call: Call,
  input: Omit<UpdateInput, 'change' | 'mayCreate'> & { readonly change: (current: Scale) => KubeObject | Promise<KubeObject> },
): Promise<Scale> {
  const { kind, name } = call;
  const main = { ...call, subresource: '' };
  const { object } = await update(main, {
    ...input,
    mayCreate: false,
    async change(current) {
      const was = scaleOf(kind, current!);
      const scale = (await input.change(was)) as Scale;
      const { metadata } = scale;
      if (metadata?.name !== undefined && metadata.name !== '' && metadata.name !== name)
        throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
      if (metadata?.uid !== undefined && metadata.uid !== '' && metadata.uid !== was.metadata.uid)
        throw conflict(refOf(kind), name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${was.metadata.uid}`);
      const replicas = scale.spec?.replicas ?? 0;
      if (replicas < 0) throw invalidObject('autoscaling', 'Scale', name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
      const object = structuredClone(current!);
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
