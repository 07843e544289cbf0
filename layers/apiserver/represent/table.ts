/** Server-side tables (meta.k8s.io Table), of a list, an object or a watch event. */
import type { Column, Kind } from '#kinds/kind.ts';
import type { KubeObject } from '#machinery/object.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};
const CREATED: Column = {
  name: 'Created At',
  type: 'date',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.',
};

const definitions = new WeakMap<Kind, readonly object[]>();

/** Events begin with another column than `Name`: kinds that name it themselves keep their order. */
const namesItself = (kind: Kind): boolean => kind.custom === undefined && kind.columns?.some(({ name }) => name === 'Name') === true;

export function columnDefinitions(kind: Kind): readonly object[] {
  let columns = definitions.get(kind);
  if (columns === undefined) {
    columns = [...(namesItself(kind) ? [] : [NAME]), ...(kind.columns ?? [CREATED])].map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format: format ?? '',
      description,
      priority: priority ?? 0,
    }));
    definitions.set(kind, columns);
  }
  return columns;
}

export const partialMetadata = (object: KubeObject, version: 'v1' | 'v1beta1'): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});

export function tableRow(kind: Kind, object: KubeObject, include: IncludeObject, version: 'v1' | 'v1beta1', now: number): object {
  const own = kind.row?.(object, now) ?? { cells: kind.columns === undefined ? [object.metadata.creationTimestamp ?? null] : [] };
  return {
    cells: namesItself(kind) ? own.cells : [object.metadata.name ?? '', ...own.cells],
    ...(own.conditions === undefined ? {} : { conditions: own.conditions }),
    // `object: null` and not an absent one: what Kubernetes answers for includeObject=None
    object: include === 'None' ? null : include === 'Object' ? object : partialMetadata(object, version),
  };
}

export function table(
  kind: Kind,
  objects: Iterable<KubeObject>,
  meta: Readonly<Record<string, unknown>>,
  options: { readonly include: IncludeObject; readonly version: 'v1' | 'v1beta1'; readonly now: number; readonly headers: boolean },
): KubeObject {
  const rows: object[] = [];
  for (const object of objects) rows.push(tableRow(kind, object, options.include, options.version, options.now));
  return { kind: 'Table', apiVersion: `meta.k8s.io/${options.version}`, metadata: meta, columnDefinitions: options.headers ? columnDefinitions(kind) : null, rows };
}
