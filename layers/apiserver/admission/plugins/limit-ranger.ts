/** LimitRanger: defaults and bounds that a namespace sets for its pods, containers and claims (core/v1 LimitRange). */
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '#kinds/generated/types.ts';
import { add, compare, milliValue, parseQuantity, type Quantity, ZERO } from '#machinery/quantity.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../port.ts';
import { readAll } from '../read.ts';

type Resources = Readonly<Record<string, string>>;
const ANNOTATION = 'kubernetes.io/limit-ranger';

const isPod = ({ resource }: AdmissionAttributes): boolean => resource === 'pods';

/** The requests of a container count its limits where nothing is asked, as defaulting does. */
const requests = (container: Container): Resources => ({ ...container.resources?.limits, ...container.resources?.requests });
const limits = (container: Container): Resources => container.resources?.limits ?? {};

function defaultContainer(container: Container, item: LimitRangeItem): string[] {
  const resources = container.resources ?? {};
  const asked: Record<string, string> = { ...resources.requests };
  const limited: Record<string, string> = { ...resources.limits };
  const set: string[] = [];
  for (const [name, quantity] of Object.entries(item.default ?? {})) {
    if (limited[name] !== undefined) continue;
    limited[name] = quantity;
    set.push(`${name} limit`);
  }
  for (const [name, quantity] of Object.entries(item.defaultRequest ?? {})) {
    // a limit set by hand is the request too, before any default
    if (asked[name] !== undefined) continue;
    asked[name] = resources.limits?.[name] ?? quantity;
    set.push(`${name} request`);
  }
  if (set.length > 0)
    container.resources = { ...resources, ...(Object.keys(limited).length > 0 ? { limits: limited } : {}), ...(Object.keys(asked).length > 0 ? { requests: asked } : {}) };
  return set;
}

/** @returns whether there was anything to set */
function defaultPod(pod: Pod, items: readonly LimitRangeItem[]): boolean {
  const notes: string[] = [];
  for (const item of items) {
    if (item.type !== 'Container') continue;
    const kinds: readonly (readonly [string, Container[]])[] = [
      ['container', pod.spec?.containers ?? []],
      ['init container', pod.spec?.initContainers ?? []],
    ];
    for (const [kind, containers] of kinds) {
      for (const container of containers) {
        const set = defaultContainer(container, item);
        if (set.length > 0) notes.push(`${set.toSorted().join(', ')} for ${kind} ${container.name}`);
      }
    }
  }
  if (notes.length === 0) return false;
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` };
  return true;
}

/** The resources of a whole pod: containers run together, init containers one after the other. */
function podTotal(pod: Pod, of: (container: Container) => Resources, name: string): Quantity | undefined {
  const sum = (pod.spec?.containers ?? []).reduce<Quantity | undefined>((total, container) => {
    const own = of(container)[name];
    return own === undefined ? total : add(total ?? ZERO, parseQuantity(own));
  }, undefined);
  return (pod.spec?.initContainers ?? []).reduce((most, container) => {
    const own = of(container)[name];
    const quantity = own === undefined ? undefined : parseQuantity(own);
    return quantity !== undefined && (most === undefined || compare(quantity, most) > 0) ? quantity : most;
  }, sum);
}

function bounds(
  type: string,
  item: LimitRangeItem,
  asked: (name: string) => Quantity | undefined,
  limited: (name: string) => Quantity | undefined,
  text: (quantity: Quantity | undefined) => string,
): string[] {
  const errors: string[] = [];
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const [request, limit] = [asked(name), limited(name)];
    if (request === undefined) errors.push(`minimum ${name} usage per ${type} is ${min}.  No request is specified`);
    else if (compare(request, parseQuantity(min)) < 0) errors.push(`minimum ${name} usage per ${type} is ${min}, but request is ${text(request)}`);
    else if (limit !== undefined && compare(limit, parseQuantity(min)) < 0) errors.push(`minimum ${name} usage per ${type} is ${min}, but limit is ${text(limit)}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const [request, limit] = [asked(name), limited(name)];
    // a claim has no limits
    const hasLimits = type !== 'PersistentVolumeClaim';
    if (hasLimits && limit === undefined) errors.push(`maximum ${name} usage per ${type} is ${max}.  No limit is specified`);
    else if (hasLimits && limit !== undefined && compare(limit, parseQuantity(max)) > 0) errors.push(`maximum ${name} usage per ${type} is ${max}, but limit is ${text(limit)}`);
    else if (request !== undefined && compare(request, parseQuantity(max)) > 0) errors.push(`maximum ${name} usage per ${type} is ${max}, but request is ${text(request)}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const [request, limit] = [asked(name), limited(name)];
    if (request === undefined || request.nano === 0n) errors.push(`${name} max limit to request ratio per ${type} is ${ratio}, but no request is specified or request is 0`);
    else if (limit === undefined || limit.nano === 0n) errors.push(`${name} max limit to request ratio per ${type} is ${ratio}, but no limit is specified or limit is 0`);
    else if (milliValue(limit) * 1000n > milliValue(request) * milliValue(parseQuantity(ratio)))
      errors.push(`${name} max limit to request ratio per ${type} is ${ratio}, but provided ratio is ${(Number(milliValue(limit)) / Number(milliValue(request))).toFixed(6)}`);
  }
  return errors;
}

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  complete: true,
  handles: ({ operation, resource, group, subresource }) =>
    group === '' &&
    subresource === '' &&
    ((resource === 'pods' && operation === 'CREATE') || (resource === 'persistentvolumeclaims' && (operation === 'CREATE' || operation === 'UPDATE'))),
  async admit(attributes, { store }) {
    if (!isPod(attributes) || (await store.count('limitranges', attributes.namespace)) === 0) return;
    const ranges = await readAll<LimitRange>(store, 'limitranges', attributes.namespace);
    const pod = attributes.object as Pod;
    // limits that were set are requests as well
    const items = ranges.flatMap(({ spec }) => spec?.limits ?? []);
    if (defaultPod(pod, items)) attributes.kind?.defaults?.(pod);
  },
  async validate(attributes, { store }) {
    if ((await store.count('limitranges', attributes.namespace)) === 0) return;
    const items = (await readAll<LimitRange>(store, 'limitranges', attributes.namespace)).flatMap(({ spec }) => spec?.limits ?? []);
    const errors: string[] = [];
    for (const item of items) {
      if (isPod(attributes)) {
        const pod = attributes.object as Pod;
        const parse = (text: string | undefined): Quantity | undefined => (text === undefined ? undefined : parseQuantity(text));
        if (item.type === 'Container') {
          for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]) {
            const written = (quantity: Quantity | undefined): string =>
              Object.values({ ...requests(container), ...limits(container) }).find((one) => quantity !== undefined && compare(parseQuantity(one), quantity) === 0) ?? '';
            errors.push(
              ...bounds(
                'Container',
                item,
                (name) => parse(requests(container)[name]),
                (name) => parse(limits(container)[name]),
                written,
              ),
            );
          }
        } else if (item.type === 'Pod') {
          errors.push(
            ...bounds(
              'Pod',
              item,
              (name) => podTotal(pod, requests, name),
              (name) => podTotal(pod, limits, name),
              (quantity) => (quantity === undefined ? '' : String(milliValue(quantity))),
            ),
          );
        }
      } else if (item.type === 'PersistentVolumeClaim') {
        const asked = (attributes.object as PersistentVolumeClaim).spec?.resources?.requests ?? {};
        errors.push(
          ...bounds(
            'PersistentVolumeClaim',
            item,
            (name) => (asked[name] === undefined ? undefined : parseQuantity(asked[name])),
            () => undefined,
            () => asked['storage'] ?? '',
          ),
        );
      }
    }
    if (errors.length > 0) throw forbiddenRequest({ group: '', resource: attributes.resource }, attributes.name, errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
  },
};
