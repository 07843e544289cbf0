/**
 * The built-in types and resources of Kubernetes 1.36, as generated (generate/, generated/).
 *
 * generated/schema.json holds, by Go package and type, one text per field:
 *
 *     <JSON name> <protobuf number, 0 for none> <type> <facts ...>
 *     type: s string, b boolean, x bytes, * anything, i int32, l int64, f float, d double,
 *           [] list of, [w] list of that protobuf wraps, {} map of, @ a type by name (of the same package where it has no dot)
 *
 * before which stands `object`, `atomic` (server-side apply replaces it whole), `kind` (carries apiVersion and kind) or the
 * name of a type with a form of its own. A type is taken apart when its fields are first asked for.
 */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import type { Verb } from './kind.ts';
import resourceTable from './generated/resources.json' with { type: 'json' };
import data from './generated/schema.json' with { type: 'json' };

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface SubresourceFacts extends GroupVersionKind {
  readonly name: string;
  readonly verbs: readonly Verb[];
}

export interface ResourceFacts extends GroupVersionKind {
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  /** Sorted, as discovery has them. */
  readonly verbs: readonly Verb[];
  /** Absent where there is nothing to list. */
  readonly listKind?: string;
  /** DELETE answers with the object, instead of a Status. */
  readonly deleteReturnsObject?: true;
  readonly subresources: readonly SubresourceFacts[];
}

type Head = 'object' | 'atomic' | 'kind' | 'duration' | TypeSchema['type'];

const PREFIX = 'io.k8s.';
const types: Readonly<Record<string, Readonly<Record<string, readonly string[]>> | undefined>> = data.types;
const META = 'apimachinery.pkg.apis.meta.v1';
/** Kinds that every group and version has. */
const COMMON: ReadonlySet<string> = new Set(['CreateOptions', 'DeleteOptions', 'GetOptions', 'ListOptions', 'PatchOptions', 'UpdateOptions', 'WatchEvent']);
/** Kinds of apimachinery that are spoken as `v1`. */
const UNVERSIONED: ReadonlySet<string> = new Set(['Status', 'APIVersions', 'APIGroupList', 'APIGroup', 'APIResourceList']);
const packages: ReadonlyMap<string, string> = new Map(data.versions.map(({ group, version, package: name }) => [`${group}/${version}`, name]));

/** All resources of the GA versions, by group, version and plural. */
export const RESOURCES: readonly ResourceFacts[] = resourceTable as readonly ResourceFacts[];
const byPath = new Map(RESOURCES.map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]));

export const resourceFacts = (group: string, version: string, plural: string): ResourceFacts | undefined => byPath.get(`${group}/${version}/${plural}`);

const scalar = (type: TypeSchema['type'], format?: TypeSchema['format']): TypeSchema => ({ name: type, type, ...(format === undefined ? {} : { format }) });
const SCALARS: Readonly<Record<string, TypeSchema>> = {
  s: scalar('string'),
  b: scalar('boolean'),
  x: scalar('bytes'),
  '*': scalar('any'),
  i: scalar('integer', 'int32'),
  l: scalar('integer', 'int64'),
  f: scalar('number', 'float'),
  d: scalar('number', 'double'),
};

class ObjectSchema implements TypeSchema {
  readonly name: string;
  readonly type = 'object';
  readonly mapType?: 'atomic';
  readonly #owner: string;
  readonly #texts: readonly string[];
  #fields: ReadonlyMap<string, FieldSchema> | undefined;
  constructor(owner: string, name: string, texts: readonly string[]) {
    this.name = `${PREFIX}${owner}.${name}`;
    if (texts[0] === 'atomic') this.mapType = 'atomic';
    this.#owner = owner;
    this.#texts = texts;
  }
  get fields(): ReadonlyMap<string, FieldSchema> {
    return (this.#fields ??= new Map(
      this.#texts
        .slice(1)
        .map((text) => parseField(text, this.#owner))
        .map((field) => [field.name, field]),
    ));
  }
}

const resolved = new Map<string, TypeSchema>();

function resolve(owner: string, name: string): TypeSchema | undefined {
  const key = `${owner}.${name}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const texts = types[owner]?.[name];
  if (texts === undefined) return undefined;
  const head = texts[0] as Head;
  const type =
    head === 'object' || head === 'atomic' || head === 'kind'
      ? new ObjectSchema(owner, name, texts)
      : { name: `${PREFIX}${key}`, type: head === 'duration' ? ('string' as const) : head };
  resolved.set(key, type);
  return type;
}

function parseType(text: string, owner: string): TypeSchema {
  const inner = (length: number): TypeSchema => parseType(text.slice(length), owner);
  if (text.startsWith('[]')) return { name: '', type: 'array', items: inner(2) };
  if (text.startsWith('[w]')) return { name: '', type: 'array', items: inner(3), wrapped: true };
  if (text.startsWith('{}')) return { name: '', type: 'map', items: inner(2) };
  if (!text.startsWith('@')) return SCALARS[text]!;
  const dot = text.lastIndexOf('.');
  return (dot === -1 ? resolve(owner, text.slice(1)) : resolve(text.slice(1, dot), text.slice(dot + 1)))!;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function parseField(text: string, owner: string): FieldSchema {
  const [name, number, type, ...facts] = text.split(' ') as [string, string, string, ...string[]];
  const field: Mutable<FieldSchema> = { name, type: parseType(type, owner), required: false };
  if (number !== '0') field.proto = Number(number);
  for (const fact of facts) {
    const equals = fact.indexOf('=');
    const value = fact.slice(equals + 1);
    switch (equals === -1 ? fact : fact.slice(0, equals)) {
      case 'required':
        field.required = true;
        break;
      case 'pointer':
        field.pointer = true;
        break;
      case 'always':
        field.always = true;
        break;
      case 'in':
        field.protoIn = value.split('.').map(Number);
        break;
      case 'list':
        field.listType = value as 'set' | 'map';
        break;
      case 'keys':
        field.listMapKeys = value.split(',');
        break;
      case 'map':
        field.mapType = value as 'granular' | 'atomic';
        break;
      case 'patch':
        field.patchStrategy = value.split(',') as ('merge' | 'replace' | 'retainKeys')[];
        break;
      case 'merge':
        field.patchMergeKey = value;
        break;
      case 'default':
        field.default = JSON.parse(value) as unknown;
        break;
      case 'enum':
        field.enum = value.split('|');
        break;
    }
  }
  return field;
}

/** A type by its OpenAPI name, such as `io.k8s.api.core.v1.Pod`; the same object each time. */
export function schemaOf(openapiName: string): TypeSchema | undefined {
  if (!openapiName.startsWith(PREFIX)) return undefined;
  const dot = openapiName.lastIndexOf('.');
  return resolve(openapiName.slice(PREFIX.length, dot), openapiName.slice(dot + 1));
}

/** The OpenAPI name of a kind, list kinds and options among them: `('', 'v1', 'Pod')` is `io.k8s.api.core.v1.Pod`. */
export function schemaNameOf(group: string, version: string, kind: string): string | undefined {
  const owner = packages.get(`${group}/${version}`);
  if (owner !== undefined && types[owner]?.[kind]?.[0] === 'kind') return `${PREFIX}${owner}.${kind}`;
  if (COMMON.has(kind) || (group === '' && version === 'v1' && UNVERSIONED.has(kind))) return `${PREFIX}${META}.${kind}`;
  return undefined;
}

export function schemaOfKind(group: string, version: string, kind: string): TypeSchema | undefined {
  const name = schemaNameOf(group, version, kind);
  return name === undefined ? undefined : schemaOf(name);
}
