/**
 * The types of the API, put together from the sources: Go's struct tables are the frame (fields in the order that Go
 * writes them, JSON names, protobuf numbers, patch strategies), the models add descriptions, enums and what is required,
 * the 1.22 document and a hand table add how server-side apply merges lists.
 */
import type { GoField, GoStruct, GoType } from './go-structs.ts';
import { mangled, type Model } from './models.ts';
import { DEFAULTS, LIST_EXCEPTIONS, UNIONS, type ListMerge } from './exceptions.ts';

/** A value's type: a scalar, a collection, or a reference to another type by its OpenAPI name. */
export type TypeRef =
  | { readonly kind: 'string' | 'boolean' | 'bytes' | 'any' }
  | { readonly kind: 'integer'; readonly format: 'int32' | 'int64' }
  | { readonly kind: 'number'; readonly format: 'double' | 'float' }
  | { readonly kind: 'array' | 'map'; readonly items: TypeRef; /** A named Go slice that protobuf holds as a message `{ repeated items = 1 }`. */ readonly wrapped?: true }
  | { readonly kind: 'ref'; readonly name: string };

export interface Property {
  readonly name: string;
  readonly description?: string;
  readonly type: TypeRef;
  readonly required: boolean;
  /** Go holds it by pointer: absent and zero differ. */
  readonly pointer: boolean;
  /** Go writes it even when it is unset. */
  readonly always: boolean;
  readonly proto?: number;
  /** Numbers of the embedded messages around it, outermost first. */
  readonly protoIn?: readonly number[];
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'granular' | 'atomic';
  readonly patchStrategy?: readonly string[];
  readonly patchMergeKey?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

export interface Definition {
  /** `io.k8s.api.core.v1.Pod` */
  readonly name: string;
  readonly description?: string;
  readonly mapType?: 'atomic';
  /** Carries apiVersion and kind. */
  readonly isKind: boolean;
  readonly properties: readonly Property[];
  /** `x-kubernetes-unions` */
  readonly unions?: readonly unknown[];
}

/** The Go packages whose types are served, or spoken on the wire, with the API group and version they hold. */
export const PACKAGES: readonly { readonly path: string; readonly group: string; readonly version: string }[] = [
  { path: 'k8s.io/api/core/v1', group: '', version: 'v1' },
  { path: 'k8s.io/api/admission/v1', group: 'admission.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/admissionregistration/v1', group: 'admissionregistration.k8s.io', version: 'v1' },
  { path: 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1', group: 'apiextensions.k8s.io', version: 'v1' },
  { path: 'k8s.io/kube-aggregator/pkg/apis/apiregistration/v1', group: 'apiregistration.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/apidiscovery/v2', group: 'apidiscovery.k8s.io', version: 'v2' },
  { path: 'k8s.io/api/apps/v1', group: 'apps', version: 'v1' },
  { path: 'k8s.io/api/authentication/v1', group: 'authentication.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/authorization/v1', group: 'authorization.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/autoscaling/v1', group: 'autoscaling', version: 'v1' },
  { path: 'k8s.io/api/autoscaling/v2', group: 'autoscaling', version: 'v2' },
  { path: 'k8s.io/api/batch/v1', group: 'batch', version: 'v1' },
  { path: 'k8s.io/api/certificates/v1', group: 'certificates.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/coordination/v1', group: 'coordination.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/discovery/v1', group: 'discovery.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/events/v1', group: 'events.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/flowcontrol/v1', group: 'flowcontrol.apiserver.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/networking/v1', group: 'networking.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/node/v1', group: 'node.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/policy/v1', group: 'policy', version: 'v1' },
  { path: 'k8s.io/api/rbac/v1', group: 'rbac.authorization.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/resource/v1', group: 'resource.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/scheduling/v1', group: 'scheduling.k8s.io', version: 'v1' },
  { path: 'k8s.io/api/storage/v1', group: 'storage.k8s.io', version: 'v1' },
  { path: 'k8s.io/metrics/pkg/apis/metrics/v1beta1', group: 'metrics.k8s.io', version: 'v1beta1' },
  { path: 'k8s.io/apimachinery/pkg/apis/meta/v1', group: 'meta.k8s.io', version: 'v1' },
  { path: 'k8s.io/apimachinery/pkg/version', group: '', version: '' },
];

/** Types whose JSON form their own Go code decides; a schema reader knows them by name. */
export const SPECIAL: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': 'duration',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'fieldsV1',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'any',
};

/** `k8s.io/api/core/v1.Pod` as OpenAPI calls it: `io.k8s.api.core.v1.Pod`. */
export const openapiName = (goName: string): string => goName.replace(/^k8s\.io\//, 'io.k8s.').replaceAll('/', '.');

interface SwaggerProperty {
  readonly description?: string;
  readonly 'x-kubernetes-list-type'?: ListMerge['listType'];
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic';
}
export interface Swagger {
  readonly paths: Readonly<Record<string, object>>;
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly description?: string;
        readonly properties?: Readonly<Record<string, SwaggerProperty>>;
        readonly 'x-kubernetes-map-type'?: 'atomic';
        readonly 'x-kubernetes-unions'?: readonly unknown[];
      }
    >
  >;
}

export function definitions(structs: ReadonlyMap<string, GoStruct>, models: ReadonlyMap<string, Model>, older: Swagger): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const { path } of PACKAGES) {
    for (const struct of structs.values()) {
      if (struct.name.slice(0, struct.name.lastIndexOf('.')) !== path) continue;
      const name = openapiName(struct.name);
      if (name in SPECIAL || NOT_SPOKEN.has(name)) continue;
      found.set(name, definition(name, struct, structs, models.get(mangled(name)), older));
    }
  }
  for (const name of Object.keys(SPECIAL)) {
    const description = models.get(mangled(name))?.description ?? older.definitions[name]?.description;
    found.set(name, { name, isKind: false, properties: [], ...(description === undefined ? {} : { description }) });
  }
  // A struct without fields has no tag to be found by.
  for (const name of [...references(found), 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch']) {
    const model = models.get(mangled(name));
    if (found.has(name)) continue;
    if (model === undefined ? !EMPTY.has(name) : model.properties.size > 0) throw new Error(`no definition of ${name}`);
    found.set(name, { name, isKind: false, properties: [], ...(model?.description === undefined ? {} : { description: model.description }) });
  }
  return found;
}

/** Structs without fields that the models leave out. */
const EMPTY: ReadonlySet<string> = new Set(['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus']);

function references(found: ReadonlyMap<string, Definition>): Set<string> {
  const names = new Set<string>();
  const visit = (type: TypeRef): void => {
    if (type.kind === 'ref') names.add(type.name);
    else if (type.kind === 'array' || type.kind === 'map') visit(type.items);
  };
  for (const { properties } of found.values()) for (const { type } of properties) visit(type);
  return names;
}

/** Go's own helpers: never on the wire by themselves. */
const NOT_SPOKEN: ReadonlySet<string> = new Set(['TypeMeta', 'Timestamp', 'TableOptions', 'GroupResource'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`));

function definition(name: string, struct: GoStruct, structs: ReadonlyMap<string, GoStruct>, model: Model | undefined, older: Swagger): Definition {
  const properties: Property[] = [];
  let isKind = false;
  const add = (fields: readonly GoField[], protoIn: readonly number[], embeddedIn: Model | undefined): void => {
    for (const field of fields) {
      const json = field.tags['json'];
      const number = protoNumber(field);
      if (field.embedded && json?.startsWith(',')) {
        if (field.name === 'TypeMeta') isKind = true;
        const inner = structs.get((field.type as { name: string }).name);
        if (inner === undefined) throw new Error(`${name} embeds ${(field.type as { name: string }).name}, which was not found`);
        // The models ask for apiVersion and kind of every object, without a word on them; the API does not ask.
        // Nor does protobuf carry them: they are in the envelope.
        if (field.name === 'TypeMeta') for (const part of inner.fields) properties.push(property(name, part, undefined, [], typeMeta(older), older));
        else add(inner.fields, number === undefined ? protoIn : [...protoIn, number], embeddedIn);
      } else if (json !== undefined && !json.startsWith('-')) {
        properties.push(property(name, field, number, protoIn, embeddedIn, older));
      }
    }
  };
  add(struct.fields, [], model);
  const atomic = LIST_EXCEPTIONS[name]?.['.']?.mapType ?? older.definitions[name]?.['x-kubernetes-map-type'];
  const unions = UNIONS[name] ?? older.definitions[name]?.['x-kubernetes-unions'];
  return {
    name,
    isKind,
    properties,
    ...(unions === undefined ? {} : { unions }),
    ...(model?.description === undefined ? {} : { description: model.description }),
    ...(atomic === 'atomic' ? { mapType: atomic } : {}),
  };
}

function typeMeta(older: Swagger): Model {
  const properties = older.definitions['io.k8s.api.core.v1.Pod']?.properties;
  return {
    description: undefined,
    properties: new Map(['kind', 'apiVersion'].map((name) => [name, { description: properties?.[name]?.description, required: false, enum: undefined }])),
  };
}

function protoNumber(field: GoField): number | undefined {
  const parts = field.tags['protobuf']?.split(',');
  return parts === undefined ? undefined : Number(parts[1]);
}

function property(owner: string, field: GoField, proto: number | undefined, protoIn: readonly number[], model: Model | undefined, older: Swagger): Property {
  const [name, ...options] = field.tags['json']!.split(',') as [string, ...string[]];
  const known = model?.properties.get(name);
  const pointer = field.type.kind === 'pointer';
  const omit = options.includes('omitempty');
  const struct = field.type.kind === 'struct';
  const type = typeRef(pointer ? (field.type as { of: GoType }).of : field.type, field);
  const before = older.definitions[owner]?.properties?.[name] ?? {};
  const strategy = field.tags['patchStrategy'];
  const mergeKey = field.tags['patchMergeKey'];
  const merge: ListMerge = LIST_EXCEPTIONS[owner]?.[name] ?? {
    ...(type.kind === 'array' && !(name === 'items' && owner.endsWith('List')) ? derivedMerge(type, before, strategy, mergeKey) : {}),
    ...(before['x-kubernetes-map-type'] === undefined ? {} : { mapType: before['x-kubernetes-map-type'] }),
  };
  const standard = DEFAULTS[owner]?.[name];
  return {
    name,
    type,
    required: known?.required ?? (model === undefined && !omit && !pointer && !struct),
    pointer,
    // encoding/json leaves out neither structs held by value nor, without omitempty, anything else.
    always: options.includes('omitzero') ? false : struct ? true : !omit,
    ...(known?.description === undefined ? {} : { description: known.description }),
    ...(known?.enum === undefined ? {} : { enum: known.enum }),
    ...(proto === undefined ? {} : { proto }),
    ...(protoIn.length === 0 ? {} : { protoIn }),
    ...merge,
    ...(strategy === undefined ? {} : { patchStrategy: strategy.split(',') }),
    ...(mergeKey === undefined ? {} : { patchMergeKey: mergeKey }),
    ...(standard === undefined ? {} : { default: standard }),
  };
}

function derivedMerge(type: { readonly items: TypeRef }, before: SwaggerProperty, strategy: string | undefined, mergeKey: string | undefined): ListMerge {
  const listType = before['x-kubernetes-list-type'];
  if (listType !== undefined) return { listType, ...(before['x-kubernetes-list-map-keys'] === undefined ? {} : { listMapKeys: before['x-kubernetes-list-map-keys'] }) };
  if (mergeKey !== undefined) return { listType: 'map', listMapKeys: [mergeKey] };
  return { listType: strategy?.includes('merge') === true && type.items.kind !== 'ref' ? 'set' : 'atomic' };
}

function typeRef(type: GoType, field: GoField): TypeRef {
  switch (type.kind) {
    case 'bool':
      return { kind: 'boolean' };
    case 'string':
    case 'bytes':
      return { kind: type.kind };
    case 'int':
      return { kind: 'integer', format: type.bits === 64 ? 'int64' : 'int32' };
    case 'float':
      return { kind: 'number', format: type.bits === 64 ? 'double' : 'float' };
    case 'pointer':
      return typeRef(type.of, field);
    case 'slice': {
      const wrapped = type.name !== undefined && /\.(ExtraValue|Verbs)$/.test(type.name);
      return { kind: 'array', items: typeRef(type.of, field), ...(wrapped ? { wrapped } : {}) };
    }
    case 'map':
      return { kind: 'map', items: typeRef(type.of, field) };
    case 'struct':
      return { kind: 'ref', name: openapiName(type.name) };
    case 'any':
      return { kind: 'any' };
    case 'func':
      throw new Error(`${field.name} has a type that JSON does not carry`);
  }
}
