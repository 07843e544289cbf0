/** Core kinds with little behaviour of their own: data, and what holds for it. */
import type { ConfigMap, Event as CoreEvent, Endpoints, LimitRange, ResourceQuota, Secret, ServiceAccount } from '../generated/types.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import { isConfigMapKey } from '#machinery/names.ts';
import { canonical } from '#machinery/quantity.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, ageOf, column, NONE } from '../shared/cells.ts';

/** As Kubernetes: everything in a secret or config map together. */
const DATA_LIMIT = 1024 * 1024;
/** Events are forgotten after an hour. */
const EVENT_SECONDS = 3600;

type Data = Readonly<Record<string, string>>;

function dataErrors(fields: readonly (readonly [field: string, data: Data | undefined, encoded: boolean])[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  let size = 0;
  for (const [field, data, encoded] of fields) {
    for (const [key, value] of Object.entries(data ?? {})) {
      for (const message of isConfigMapKey(key)) errors.push(invalid(`${field}[${key}]`, key, message));
      if (seen.has(key)) errors.push(invalid(`${field}[${key}]`, key, 'duplicate of key present in binaryData'));
      seen.add(key);
      size += encoded ? Math.floor((value.length * 3) / 4) : Buffer.byteLength(value);
    }
  }
  if (size > DATA_LIMIT) errors.push(tooLong(fields[0]![0], DATA_LIMIT));
  return errors;
}

function immutableErrors(now: { immutable?: boolean }, old: { immutable?: boolean }, fields: readonly string[]): FieldError[] {
  if (old.immutable !== true) return [];
  const errors: FieldError[] = now.immutable === true ? [] : [forbidden('immutable', 'field is immutable when `immutable` is set')];
  for (const field of fields)
    if (!deepEqual((now as Record<string, unknown>)[field] ?? {}, (old as Record<string, unknown>)[field] ?? {}))
      errors.push(forbidden(field, 'field is immutable when `immutable` is set'));
  return errors;
}

export const configMap = behaviour<ConfigMap>({
  hasGeneration: false,
  validate: (object) =>
    dataErrors([
      ['data', object.data, false],
      ['binaryData', object.binaryData, true],
    ]),
  validateUpdate: (now, old) => immutableErrors(now, old, ['data', 'binaryData']),
  columns: [column('Data', 'Number of entries.', 'string'), AGE],
  row: (object, now) => ({ cells: [Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length, ageOf(object.metadata.creationTimestamp, now)] }),
});

const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';

export const secret = behaviour<Secret>({
  hasGeneration: false,
  fields: { type: (object) => object.type ?? '' },
  defaults(object) {
    object.type ??= 'Opaque';
    if (object.stringData === undefined) return;
    object.data = { ...object.data, ...Object.fromEntries(Object.entries(object.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) };
    delete object.stringData;
  },
  validate(object) {
    const errors = dataErrors([['data', object.data, true]]);
    for (const key of REQUIRED_KEYS[object.type ?? ''] ?? []) if (object.data?.[key] === undefined) errors.push(required(`data[${key}]`));
    if (object.type === 'kubernetes.io/service-account-token' && !object.metadata.annotations?.[ACCOUNT_NAME]) errors.push(required(`metadata.annotations[${ACCOUNT_NAME}]`));
    if (object.type === 'kubernetes.io/basic-auth' && object.data?.['username'] === undefined && object.data?.['password'] === undefined)
      errors.push(required('data[username]'), required('data[password]'));
    return errors;
  },
  validateUpdate: (now, old) => [...(now.type === old.type ? [] : [invalid('type', now.type, 'field is immutable')]), ...immutableErrors(now, old, ['data'])],
  columns: [column('Type', 'Used to facilitate programmatic handling of secret data.'), column('Data', 'Number of entries.', 'string'), AGE],
  row: (object, now) => ({ cells: [object.type ?? '', Object.keys(object.data ?? {}).length, ageOf(object.metadata.creationTimestamp, now)] }),
});

export const serviceAccount = behaviour<ServiceAccount>({
  hasGeneration: false,
  columns: [column('Secrets', 'Number of secrets.', 'string'), AGE],
  row: (object, now) => ({ cells: [(object.secrets ?? []).length, ageOf(object.metadata.creationTimestamp, now)] }),
});

const MAX_ENDPOINTS = 3;

export const endpoints = behaviour<Endpoints>({
  hasGeneration: false,
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
  columns: [column('Endpoints', 'The addresses and ports.'), AGE],
  row(object, now) {
    const all = (object.subsets ?? []).flatMap((subset) => {
      const ports = subset.ports ?? [];
      return ports.length === 0 ? (subset.addresses ?? []).map(({ ip }) => ip) : ports.flatMap(({ port }) => (subset.addresses ?? []).map(({ ip }) => `${ip}:${port}`));
    });
    const text = all.length === 0 ? NONE : all.length > MAX_ENDPOINTS ? `${all.slice(0, MAX_ENDPOINTS).join(',')} + ${all.length - MAX_ENDPOINTS} more...` : all.join(',');
    return { cells: [text, ageOf(object.metadata.creationTimestamp, now)] };
  },
});

export const event = behaviour<CoreEvent>({
  hasGeneration: false,
  createOnUpdate: true,
  ttlSeconds: EVENT_SECONDS,
  fields: {
    'involvedObject.kind': (object) => object.involvedObject?.kind ?? '',
    'involvedObject.namespace': (object) => object.involvedObject?.namespace ?? '',
    'involvedObject.name': (object) => object.involvedObject?.name ?? '',
    'involvedObject.uid': (object) => object.involvedObject?.uid ?? '',
    'involvedObject.apiVersion': (object) => object.involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': (object) => object.involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': (object) => object.involvedObject?.fieldPath ?? '',
    reason: (object) => object.reason ?? '',
    reportingComponent: (object) => object.reportingComponent ?? '',
    source: (object) => object.source?.component || object.reportingComponent || '',
    type: (object) => object.type ?? '',
  },
  validate(object) {
    const wanted = object.involvedObject?.namespace || 'default';
    return object.metadata.namespace === wanted ? [] : [invalid('involvedObject.namespace', object.involvedObject?.namespace ?? '', 'does not match event.namespace')];
  },
  columns: [
    column('Last Seen', 'Time of the last observation.'),
    column('Type', 'Type of this event.'),
    column('Reason', 'Why the transition was made.'),
    column('Object', 'The object that this event is about.'),
    column('Subobject', 'The part of the object.', 'string', 1),
    column('Source', 'The component reporting this event.', 'string', 1),
    column('Message', 'A human-readable description.'),
    column('First Seen', 'Time of the first observation.', 'string', 1),
    column('Count', 'The number of times this event has occurred.', 'string', 1),
    column('Name', 'Name of the event.', 'string', 1),
  ],
  row(object, now) {
    const first = object.firstTimestamp ?? object.eventTime ?? object.metadata.creationTimestamp;
    const last = object.series?.lastObservedTime ?? object.lastTimestamp ?? first;
    const about = object.involvedObject;
    const source = [object.source?.component || object.reportingComponent || '', object.source?.host ?? ''].filter((part) => part !== '').join(', ');
    return {
      cells: [
        ageOf(last, now),
        object.type ?? '',
        object.reason ?? '',
        `${(about?.kind ?? '').toLowerCase()}/${about?.name ?? ''}`,
        about?.fieldPath ?? '',
        source,
        (object.message ?? '').trim(),
        ageOf(first, now),
        object.series?.count ?? object.count ?? 1,
        object.metadata.name ?? '',
      ],
    };
  },
});

const canonicalList = (list: Record<string, string> | undefined): void => {
  for (const name in list) list[name] = canonical(list[name]!);
};

export const resourceQuota = behaviour<ResourceQuota>({
  hasGeneration: false,
  defaults(object) {
    canonicalList(object.spec?.hard);
    canonicalList(object.status?.hard);
    canonicalList(object.status?.used);
  },
  columns: [
    column('Request', 'Request represents a minimum amount of cpu/memory that a container may consume.'),
    column('Limit', 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.'),
    AGE,
  ],
  row(object, now) {
    const text = (limits: boolean): string =>
      Object.keys(object.status?.hard ?? {})
        .filter((name) => name.startsWith('limits') === limits)
        .toSorted()
        .map((name) => `${name}: ${object.status?.used?.[name] ?? '0'}/${object.status?.hard?.[name] ?? ''}`)
        .join(', ');
    return { cells: [text(false), text(true), ageOf(object.metadata.creationTimestamp, now)] };
  },
});

export const limitRange = behaviour<LimitRange>({
  hasGeneration: false,
  defaults(object) {
    for (const item of object.spec?.limits ?? []) {
      for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio]) canonicalList(list);
      if (item.type !== 'Container') continue;
      item.default = { ...item.max, ...item.default };
      item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
      if (Object.keys(item.default).length === 0) delete item.default;
      if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest;
    }
  },
});
