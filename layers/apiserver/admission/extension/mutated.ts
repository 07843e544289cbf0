/** An object that a webhook or a policy changed, taken back: decoded like a body, defaulted, put in the place of the old one. */
import type { Kind } from '#kinds/kind.ts';
import { DecodeError, decodeValue } from '#machinery/decode.ts';
import { semanticEqual } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { internalError } from '#machinery/status.ts';
import type { Services } from '../../server.port.ts';
import type { AdmissionAttributes } from '../port.ts';
import { convertTo, type GroupVersionKind, kindOf, replace } from './request.ts';

export function decodeMutated(services: Services, { group, version, kind }: GroupVersionKind, value: unknown): KubeObject {
  const known = services.registry.byKind(group, version, kind);
  const schema = known?.schema ?? services.bodySchema({ group, version, kind });
  try {
    return decodeValue(structuredClone(value), { schema, findings: false, ...(known?.custom === undefined ? {} : { unstructured: true }) }).object as KubeObject;
  } catch (error) {
    if (error instanceof DecodeError) throw internalError(error.message, error);
    throw error;
  }
}

function defaulted(kind: Kind | undefined, object: KubeObject): KubeObject {
  kind?.defaults?.(object);
  return object;
}

/** Takes over an object in the version of `as`. @returns whether anything is another than before */
export async function takeOver(services: Services, attributes: AdmissionAttributes, as: GroupVersionKind, before: KubeObject, value: unknown): Promise<boolean> {
  const { kind, object } = attributes;
  if (as.kind === 'Scale' && kind?.scale !== undefined) return takeScale(kind, object!, before, value as { spec?: { replicas?: number } });
  const target = services.registry.byKind(as.group, as.version, as.kind);
  const next = defaulted(target, decodeMutated(services, as, value));
  if (semanticEqual(next, before)) return false;
  const own = kindOf(attributes);
  const back = target !== undefined && (own.group !== as.group || own.version !== as.version) ? (await convertTo(services, target, own, next))! : next;
  replace(object!, back);
  return true;
}

function takeScale(kind: Kind, object: KubeObject, before: KubeObject, value: { readonly spec?: { readonly replicas?: number } }): boolean {
  const replicas = value.spec?.replicas ?? 0;
  if ((before['spec'] as { replicas?: number } | undefined)?.replicas === replicas) return false;
  const path = kind.scale!.specReplicas;
  let place = object as Record<string, unknown>;
  for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string, unknown>;
  place[path.at(-1)!] = replicas;
  return true;
}
