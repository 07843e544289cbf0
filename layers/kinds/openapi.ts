/**
 * What `/openapi/v2` and `/openapi/v3` serve: the documents of the built-in kinds, generated beforehand, and those of custom
 * resources, made from their schemas. Nothing of it is kept in memory; whoever serves a document often keeps its bytes.
 */
import type { JsonObject } from '#machinery/object.ts';
import { assemble, hashOf, part, type Format, type OpenApiDocument, type Parts } from './openapi/document.ts';
import { pathItemJson, type Version } from './openapi/json.ts';
import { resourcePaths, type DocumentedResource, type PathItem } from './openapi/operations.ts';
import { openApiIndex, pathParts, schemaParts } from './openapi/store.ts';

export type { OpenApiDocument } from './openapi/document.ts';
export type { DocumentedResource, DocumentedSubresource } from './openapi/operations.ts';

/** Custom resources of one group and version. */
export interface CustomGroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly DocumentedResource[];
  /** Types by OpenAPI name, in the form of each version; they may refer to built-in ones. */
  readonly schemas: Readonly<Record<string, Readonly<Record<Version, JsonObject>>>>;
}

function customPaths({ resources }: CustomGroupVersion): [string, PathItem][] {
  const { parameters } = openApiIndex();
  return resources.flatMap((resource) => [...resourcePaths(resource, parameters)]);
}

function partsOf(paths: readonly [string, PathItem][], schemas: CustomGroupVersion['schemas'], version: Version, format: Format): Parts {
  return {
    paths: paths.map(([path, item]) => part(path, pathItemJson(item, version), 'path', version, format)),
    schemas: Object.entries(schemas).map(([name, schema]) => part(name, schema[version], 'schema', version, format)),
  };
}

function lazily(build: (format: Format) => Uint8Array, hash?: string): OpenApiDocument {
  let known = hash;
  return {
    get hash() {
      return (known ??= hashOf(build('json')));
    },
    json: () => build('json'),
    protobuf: () => build('protobuf'),
  };
}

/** The built-in types of these names, as parts. */
function builtin(wanted: readonly number[], version: Version, format: Format): Buffer[] {
  const all = schemaParts(version, format);
  return wanted.map((index) => all[index]!);
}

const SCALE = 'io.k8s.api.autoscaling.v1.Scale';
const customDocuments = new WeakMap<CustomGroupVersion, OpenApiDocument>();

function customDocument(one: CustomGroupVersion, always: readonly string[], schemas: readonly string[]): OpenApiDocument {
  let document = customDocuments.get(one);
  if (document === undefined) {
    const scaled = one.resources.some(({ subresources }) => subresources.some(({ schema }) => schema === SCALE));
    const wanted = [...always, ...(scaled ? [SCALE, `${SCALE}Spec`, `${SCALE}Status`] : [])].sort().map((name) => schemas.indexOf(name));
    document = lazily((format) => {
      const own = partsOf(customPaths(one), one.schemas, 'v3', format);
      return assemble({ paths: own.paths, schemas: [...own.schemas, ...builtin(wanted, 'v3', format)] }, 'v3', format);
    });
    customDocuments.set(one, document);
  }
  return document;
}

/** Documents by the key they have in the index, such as `apis/apps/v1`, sorted. */
export function openApiV3(custom: readonly CustomGroupVersion[] = []): ReadonlyMap<string, OpenApiDocument> {
  const { documents, schemas, always } = openApiIndex();
  const found = new Map<string, OpenApiDocument>();
  for (const [key, { hash, schemas: wanted }] of Object.entries(documents)) {
    found.set(
      key,
      lazily((format) => assemble({ paths: pathParts(key, 'v3', format), schemas: builtin(wanted, 'v3', format) }, 'v3', format), hash),
    );
  }
  for (const one of custom) {
    // resources of a group and version that is built in, too, have no document of their own
    if (!found.has(`apis/${one.group}/${one.version}`)) found.set(`apis/${one.group}/${one.version}`, customDocument(one, always, schemas));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The body of `/openapi/v3`. */
export function openApiV3Index(documents: ReadonlyMap<string, OpenApiDocument>, others: Readonly<Record<string, JsonObject>> = {}): Uint8Array {
  const paths: JsonObject = {};
  for (const [key, { hash }] of documents) paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` };
  Object.assign(paths, others);
  return Buffer.from(JSON.stringify({ paths }));
}

/** Of another server, in OpenAPI v2. */
export interface ForeignDocument {
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly definitions: Readonly<Record<string, JsonObject>>;
}

/** The one document of OpenAPI v2. */
export function openApiV2(custom: readonly CustomGroupVersion[] = [], others: readonly ForeignDocument[] = []): OpenApiDocument {
  const { documents, schemas } = openApiIndex();
  return lazily((format) => {
    const paths = Object.keys(documents).flatMap((key) => pathParts(key, 'v2', format));
    const own: Buffer[] = builtin([...schemas.keys()], 'v2', format);
    for (const one of custom) {
      const made = partsOf(customPaths(one), one.schemas, 'v2', format);
      paths.push(...(made.paths as Buffer[]));
      own.push(...(made.schemas as Buffer[]));
    }
    const known = new Set([...schemas, ...custom.flatMap((one) => Object.keys(one.schemas))]);
    for (const { paths: foreign, definitions } of others) {
      for (const [path, item] of Object.entries(foreign)) paths.push(part(path, item, 'path', 'v2', format));
      for (const [name, schema] of Object.entries(definitions)) {
        // types of apimachinery come with every server, and are the same
        if (known.has(name)) continue;
        known.add(name);
        own.push(part(name, schema, 'schema', 'v2', format));
      }
    }
    return assemble({ paths, schemas: own }, 'v2', format);
  });
}
