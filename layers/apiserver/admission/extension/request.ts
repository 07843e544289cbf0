/** A write as webhooks and policies see it: kinds and resources as names, objects in the version that a rule asks for, options, the caller. */
import type { Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';
import { converter } from '../../custom/convert.ts';
import { conversionWebhook } from '../../custom/webhook.ts';
import type { Services } from '../../server.port.ts';
import { scaleOf } from '../../verbs/scale.ts';
import { toServed, toStored } from '../../write/store-write.ts';
import type { AdmissionAttributes } from '../port.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Which resource a rule was found for: that of the request, or another version of it. */
export interface Matched {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
}

export function kindOf({ kind, object, oldObject, subresource }: AdmissionAttributes): GroupVersionKind {
  if (kind !== undefined && subresource === 'scale' && kind.scale !== undefined) return { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  if (kind !== undefined) return { group: kind.group, version: kind.version, kind: kind.kind };
  const { apiVersion = '', kind: name = '' } = object ?? oldObject ?? ({} as Partial<KubeObject>);
  const slash = apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: slash < 0 ? apiVersion : apiVersion.slice(slash + 1), kind: name };
}

export const resourceOf = ({ group, version, resource }: AdmissionAttributes): GroupVersionResource => ({ group, version, resource });

const isNamespace = ({ group, resource }: AdmissionAttributes): boolean => group === '' && resource === 'namespaces';

export const nameOf = ({ name, object }: AdmissionAttributes): string => (name === '' ? (object?.metadata?.name ?? '') : name);
/** A namespace is in itself. */
export const namespaceOf = (attributes: AdmissionAttributes): string => (isNamespace(attributes) ? nameOf(attributes) : attributes.namespace);

/** Configurations of admission are no object of it: nobody may lock himself out. */
export function isExempt({ group, resource }: AdmissionAttributes): boolean {
  return (
    group === 'admissionregistration.k8s.io' &&
    /^(?:mutatingwebhookconfigurations|validatingwebhookconfigurations|(?:validating|mutating)admissionpolic(?:ies|ybindings))$/.test(resource)
  );
}

/** Other versions in which the same objects are served. */
export function equivalentsOf(services: Services, { kind }: AdmissionAttributes): readonly Kind[] {
  return kind === undefined ? [] : services.registry.kinds().filter((other) => other !== kind && other.storage === kind.storage);
}

export interface Versioned {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/** Through `/scale` the object of a request is its Scale. */
const seen = ({ kind, subresource }: AdmissionAttributes, object: KubeObject | undefined): KubeObject | undefined =>
  object !== undefined && kind?.scale !== undefined && subresource === 'scale' ? scaleOf(kind, object) : object;

export async function versioned(services: Services, attributes: AdmissionAttributes, to: GroupVersionKind): Promise<Versioned> {
  const { kind, object, oldObject } = attributes;
  if (kind === undefined || attributes.subresource === 'scale' || (kind.group === to.group && kind.version === to.version))
    return { object: seen(attributes, object), oldObject: seen(attributes, oldObject) };
  const [now, old] = await Promise.all([convertTo(services, kind, to, object), convertTo(services, kind, to, oldObject)]);
  return { object: now, oldObject: old };
}

/** An object in another version of its kind; a copy. */
export async function convertTo(
  services: Services,
  from: Kind,
  to: Pick<GroupVersionKind, 'group' | 'version' | 'kind'>,
  object: KubeObject | undefined,
): Promise<KubeObject | undefined> {
  if (object === undefined) return undefined;
  const target = services.registry.byKind(to.group, to.version, to.kind);
  if (target === undefined) throw new Error(`unable to convert to ${to.group}/${to.version}, Kind=${to.kind}: unknown kind`);
  if (from.custom !== undefined) {
    const [converted] = await converter(conversionWebhook(() => services))(from.custom.definition, [structuredClone(object)], to.version);
    const copy = structuredClone(converted!);
    target.custom?.refresh(copy);
    return copy;
  }
  return { ...toServed(target, toStored(from, structuredClone(object))), apiVersion: to.group === '' ? to.version : `${to.group}/${to.version}`, kind: to.kind };
}

/** Puts `next` in the place of `object`, for whoever holds it. */
export function replace(object: KubeObject, next: KubeObject): void {
  for (const key of Object.keys(object)) if (!Object.hasOwn(next, key)) delete object[key];
  Object.assign(object, next);
}

const OPTIONS: Readonly<Record<AdmissionAttributes['operation'], string>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' };

export function optionsOf({ operation, options, dryRun }: AdmissionAttributes): unknown {
  if (typeof options['kind'] === 'string' || operation === 'CONNECT') return options;
  const { dryRun: _, ...rest } = options;
  return { kind: OPTIONS[operation], apiVersion: 'meta.k8s.io/v1', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) };
}

export function userInfoOf({ user }: AdmissionAttributes): object {
  return {
    username: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}

/** The request of an AdmissionReview without its objects, and `request` of an expression. */
export function requestOf(attributes: AdmissionAttributes, { resource, kind }: Matched): Record<string, unknown> {
  const { subresource, operation, dryRun } = attributes;
  const namespace = namespaceOf(attributes);
  return {
    kind,
    resource,
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindOf(attributes),
    requestResource: resourceOf(attributes),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    name: nameOf(attributes),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: userInfoOf(attributes),
    dryRun,
    options: optionsOf(attributes),
  };
}
