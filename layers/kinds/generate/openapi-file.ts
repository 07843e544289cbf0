/** Writes the parts of the OpenAPI documents, compressed, and the index that finds them. */
import { brotliCompressSync, constants } from 'node:zlib';
import type { JsonObject } from '#machinery/object.ts';
import { assemble, hashOf, part, type Format } from '../openapi/document.ts';
import { pathItemJson, type Version } from '../openapi/json.ts';
import { COMMON_PATHS, groupPath, groupVersionPath, resourcePaths, type CommonParameters, type DocumentedResource, type Parameter, type PathItem } from '../openapi/operations.ts';
import type { OpenApiIndex } from '../openapi/store.ts';
import type { Operation } from './clients.ts';
import { openapiName, type Definition, type Swagger } from './facts.ts';
import { definitionSchema } from './json-schema.ts';
import { packageOf, type Resource } from './resources.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const FORMS = [
  ['v2', 'json'],
  ['v2', 'protobuf'],
  ['v3', 'json'],
  ['v3', 'protobuf'],
] as const satisfies readonly (readonly [Version, Format])[];

/** Every path has it, so it is said apart. */
const without = (parameters: readonly Parameter[]): Parameter[] => parameters.filter(({ name }) => name !== 'pretty');

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Descriptions of query parameters: the clients say them on one line, the older document has the paragraphs of those that did not change. */
export function queryParameters(operations: readonly Operation[], older: Swagger): { common: CommonParameters; of(operationId: string): Parameter[] } {
  const paragraphs = new Map<string, string>();
  for (const item of Object.values(older.paths)) {
    for (const { parameters } of [item, ...Object.values(item)] as { parameters?: { description?: string }[] }[]) {
      for (const { description } of parameters ?? []) if (description !== undefined) paragraphs.set(flat(description), description);
    }
  }
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const of = (id: string): Parameter[] => {
    const operation = byId.get(id);
    if (operation === undefined) throw new Error(`the clients have no operation ${id}`);
    return operation.query.map(({ name, type, description }) => ({
      name,
      in: 'query',
      type: type === 'number' ? 'integer' : (type as 'string' | 'boolean'),
      description: paragraphs.get(flat(description)) ?? description,
    }));
  };
  return {
    of,
    common: {
      pretty: of('readNamespacedPod').find(({ name }) => name === 'pretty')!,
      list: without(of('listNamespacedPod')),
      write: without(of('createNamespacedPod')),
      patch: without(of('patchNamespacedPod')),
      delete: without(of('deleteNamespacedPod')),
    },
  };
}

function documented(resource: Resource, of: (operationId: string) => Parameter[]): DocumentedResource {
  const name = (group: string, version: string, kind: string): string => `${openapiName(packageOf(group, version)!)}.${kind}`;
  const { group, version, kind, listKind, namespaced } = resource;
  return {
    ...resource,
    schema: name(group, version, kind),
    ...(listKind === undefined ? {} : { listSchema: name(group, version, listKind) }),
    deleteReturnsObject: resource.deleteReturnsObject === true,
    custom: false,
    subresources: resource.subresources.map((sub) => {
      const suffix = `${namespaced ? 'Namespaced' : ''}${kind}${sub.name.charAt(0).toUpperCase()}${sub.name.slice(1)}`;
      if (sub.kind.endsWith('Options')) return { ...sub, query: of(`connectGet${suffix}`) };
      if (sub.name === 'log') return { ...sub, query: without(of(`read${suffix}`)) };
      return { ...sub, schema: name(sub.group, sub.version, sub.kind) };
    }),
  };
}

/** The names that a JSON value refers to. */
function referred(value: unknown, found: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) referred(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      // JSON schemas have a property of that name too.
      if (key === '$ref' && typeof item === 'string') found.add(item.slice(item.lastIndexOf('/') + 1));
      else referred(item, found);
    }
  }
  return found;
}

/** The documents of OpenAPI v3 with their paths. */
function documentPaths(resources: readonly Resource[], of: (id: string) => Parameter[], common: CommonParameters): Map<string, Map<string, PathItem>> {
  const documents = new Map<string, Map<string, PathItem>>();
  for (const [key, entry] of Object.entries(COMMON_PATHS)) documents.set(key, new Map([entry]));
  for (const resource of resources) {
    const { group, version } = resource;
    if (group !== '') documents.set(`apis/${group}`, new Map([groupPath(group)]));
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const paths = documents.get(key) ?? new Map([groupVersionPath(group, version)]);
    documents.set(key, paths);
    for (const [path, item] of resourcePaths(documented(resource, of), common)) paths.set(path, item);
  }
  return new Map([...documents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function openapiFiles(
  resources: readonly Resource[],
  definitions: ReadonlyMap<string, Definition>,
  operations: readonly Operation[],
  older: Swagger,
): Map<string, string | Uint8Array> {
  const { common, of } = queryParameters(operations, older);
  const documents = documentPaths(resources, of, common);
  const schemas: Readonly<Record<Version, ReadonlyMap<string, JsonObject>>> = {
    v2: new Map([...definitions.values()].map((definition) => [definition.name, definitionSchema(definition, 'v2')])),
    v3: new Map([...definitions.values()].map((definition) => [definition.name, definitionSchema(definition, 'v3')])),
  };
  const closure = (values: readonly unknown[]): string[] => {
    // A Set hands out what is added to it while it is walked.
    const found = referred(values, new Set());
    for (const name of found) referred(schemas.v3.get(name), found);
    return [...found].sort();
  };
  const needed = new Map([...documents].map(([key, paths]) => [key, closure([...paths.values()].map((item) => pathItemJson(item, 'v3')))]));
  // What custom resources refer to is there in any case.
  const names = [...new Set([...needed.values()].flat())].sort();

  const segments: Buffer[] = [];
  let offset = 0;
  const store = (parts: readonly Buffer[]): [number, number, readonly number[]] => {
    const packed = brotliCompressSync(Buffer.concat(parts), { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } });
    segments.push(packed);
    offset += packed.length;
    return [offset - packed.length, packed.length, parts.map(({ length }) => length)];
  };
  const forms: Record<string, { schemas: ReturnType<typeof store>; paths: Record<string, ReturnType<typeof store>> }> = {};
  const content = new Map<string, Buffer>();
  for (const [version, format] of FORMS) {
    const own = names.map((name) => part(name, schemas[version].get(name)!, 'schema', version, format));
    const paths: Record<string, ReturnType<typeof store>> = {};
    for (const [key, items] of documents) {
      const parts = [...items].map(([path, item]) => part(path, pathItemJson(item, version), 'path', version, format));
      paths[key] = store(parts);
      if (version === 'v3' && format === 'json')
        content.set(key, Buffer.from(assemble({ paths: parts, schemas: needed.get(key)!.map((name) => own[names.indexOf(name)]!) }, version, format)));
    }
    forms[`${version}.${format}`] = { schemas: store(own), paths };
  }
  const index: OpenApiIndex = {
    schemas: names,
    documents: Object.fromEntries([...documents.keys()].map((key) => [key, { hash: hashOf(content.get(key)!), schemas: needed.get(key)!.map((name) => names.indexOf(name)) }])),
    forms,
    always: closure(
      [`${META}.ObjectMeta`, `${META}.ListMeta`, `${META}.DeleteOptions`, `${META}.Status`, `${META}.Patch`, `${META}.WatchEvent`, `${META}.APIResourceList`].map((name) => ({
        $ref: `/${name}`,
      })),
    ),
    parameters: common,
  };
  return new Map<string, string | Uint8Array>([
    ['openapi.json', `${JSON.stringify(index)}\n`],
    ['openapi.bin', Buffer.concat(segments)],
  ]);
}
