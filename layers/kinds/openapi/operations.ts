/**
 * The operations of a resource, as kube-apiserver's installer registers them (apiserver `endpoints/installer.go`): what both
 * versions of OpenAPI are written from, for built-in kinds when they are generated and for custom resources at run time.
 */
import type { GroupVersionKind } from '../schema.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

export interface Operation {
  readonly id: string;
  readonly description?: string;
  readonly tag: string;
  readonly action?: string;
  readonly gvk?: GroupVersionKind;
  /** A type by its OpenAPI name. */
  readonly body?: { readonly schema: string; readonly required: boolean };
  readonly parameters: readonly Parameter[];
  readonly responses: readonly { readonly code: number; readonly description: string; readonly schema?: string }[];
  readonly consumes?: readonly string[];
  readonly produces?: readonly string[];
}

export interface PathItem {
  /** What all operations of the path share. */
  readonly parameters: readonly Parameter[];
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
}

export interface DocumentedSubresource extends GroupVersionKind {
  readonly name: string;
  readonly verbs: readonly string[];
  /** The type by its OpenAPI name; absent for connections and for logs, which are no objects. */
  readonly schema?: string;
  /** The options of a connection, or of a log. */
  readonly query?: readonly Parameter[];
}

export interface DocumentedResource extends GroupVersionKind {
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly schema: string;
  readonly listSchema?: string;
  /** DELETE answers with the object, instead of a Status. */
  readonly deleteReturnsObject: boolean;
  readonly subresources: readonly DocumentedSubresource[];
  /** Custom resources have neither protobuf nor strategic merge patches. */
  readonly custom: boolean;
}

/** The query parameters of every resource, by use. */
export interface CommonParameters {
  readonly pretty: Parameter;
  readonly list: readonly Parameter[];
  readonly write: readonly Parameter[];
  readonly patch: readonly Parameter[];
  readonly delete: readonly Parameter[];
}

/** A type name that stands for a bare text. */
export const TEXT = 'string';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const CONNECT_METHODS: Readonly<Record<string, Method>> = { create: 'post', delete: 'delete', get: 'get', patch: 'patch', update: 'put' };
const OK = { code: 200, description: 'OK' };
const CREATED = { code: 201, description: 'Created' };
const ACCEPTED = { code: 202, description: 'Accepted' };

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `rbac.authorization.k8s.io` is RbacAuthorization, the core group Core. */
const groupName = (group: string): string =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('');
const tagOf = (group: string, version: string): string => `${groupName(group).charAt(0).toLowerCase()}${groupName(group).slice(1)}_${version}`;

/** Plurals have no article; words such as class are none. */
function withArticle(noun: string): string {
  if (noun.endsWith('s') && !noun.endsWith('ss')) return noun;
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

const byName = (a: Parameter, b: Parameter): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.in < b.in ? -1 : 1);

/** Parameters that all operations of a path have stand at the path. */
export function pathItem(own: readonly Parameter[], operations: Readonly<Partial<Record<Method, Operation>>>): PathItem {
  const all = Object.values(operations);
  const shared = all[0]!.parameters.filter((parameter) =>
    all.every(({ parameters }) => parameters.some((other) => other.name === parameter.name && other.description === parameter.description)),
  );
  const isShared = new Set(shared.map(({ name }) => name));
  return {
    parameters: [...own, ...shared].sort(byName),
    operations: Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, { ...operation, parameters: operation.parameters.filter(({ name }) => !isShared.has(name)).sort(byName) }]),
    ),
  };
}

export function resourcePaths(resource: DocumentedResource, common: CommonParameters): Map<string, PathItem> {
  const { group, version, kind, plural, namespaced } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespaced ? '/namespaces/{namespace}' : '';
  const inScope = namespaced ? 'Namespaced' : '';
  const names = groupName(group) + capital(version);
  const gvk = { group, version, kind };
  const has = (verb: string): boolean => resource.verbs.includes(verb);
  const objects = resource.custom ? [JSON_TYPE, YAML_TYPE] : [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE];
  const streams = resource.custom ? [...objects, `${JSON_TYPE};stream=watch`] : [...objects, `${JSON_TYPE};stream=watch`, `${PROTOBUF_TYPE};stream=watch`];
  const patches = [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(resource.custom ? [] : ['application/strategic-merge-patch+json']),
    'application/apply-patch+yaml',
  ];
  const path = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });
  const inNamespace = namespaced ? [path('namespace', 'object name and auth scope, such as for teams and projects')] : [];
  const named = (of: string): Parameter[] => [path('name', `name of the ${of}`), ...inNamespace];
  const operation = (id: string, description: string, action: string, parts: Pick<Operation, 'parameters' | 'responses'> & Partial<Operation>): Operation => ({
    id,
    description,
    action,
    gvk,
    tag: tagOf(group, version),
    consumes: ['*/*'],
    produces: objects,
    ...parts,
  });
  const answer = (schema: string, ...codes: (typeof OK)[]): Operation['responses'] => codes.map((code) => ({ ...code, schema }));
  const write = (id: string, description: string, action: string, schema: string, codes: (typeof OK)[], of: GroupVersionKind = gvk): Operation =>
    operation(id, description, action, { parameters: common.write, body: { schema, required: true }, responses: answer(schema, ...codes), gvk: of });
  const patch = (id: string, description: string, schema: string, of: GroupVersionKind = gvk): Operation =>
    operation(id, description, 'patch', {
      parameters: common.patch,
      body: { schema: `${META}.Patch`, required: true },
      responses: answer(schema, OK, CREATED),
      consumes: patches,
      gvk: of,
    });
  const items = new Map<string, PathItem>();
  const add = (at: string, own: readonly Parameter[], operations: Readonly<Partial<Record<Method, Operation>>>): void => {
    if (Object.keys(operations).length > 0) items.set(root + at, pathItem(own, operations));
  };

  const listing = (id: string): Operation =>
    operation(id, `list ${has('watch') ? 'or watch ' : ''}objects of kind ${kind}`, 'list', {
      parameters: common.list,
      responses: answer(resource.listSchema ?? TEXT, OK),
      produces: streams,
    });
  add(`${scope}/${plural}`, [...inNamespace, common.pretty], {
    ...(has('list') ? { get: listing(`list${names}${inScope}${kind}`) } : {}),
    ...(has('create') ? { post: write(`create${names}${inScope}${kind}`, `create ${withArticle(kind)}`, 'post', resource.schema, [OK, CREATED, ACCEPTED]) } : {}),
    ...(has('deletecollection')
      ? {
          delete: operation(`delete${names}Collection${inScope}${kind}`, `delete collection of ${kind}`, 'deletecollection', {
            parameters: [...common.delete, ...common.list.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks')],
            body: { schema: `${META}.DeleteOptions`, required: false },
            responses: answer(`${META}.Status`, OK),
          }),
        }
      : {}),
  });
  add(`${scope}/${plural}/{name}`, [...named(kind), common.pretty], {
    ...(has('get') ? { get: operation(`read${names}${inScope}${kind}`, `read the specified ${kind}`, 'get', { parameters: [], responses: answer(resource.schema, OK) }) } : {}),
    ...(has('update') ? { put: write(`replace${names}${inScope}${kind}`, `replace the specified ${kind}`, 'put', resource.schema, [OK, CREATED]) } : {}),
    ...(has('patch') ? { patch: patch(`patch${names}${inScope}${kind}`, `partially update the specified ${kind}`, resource.schema) } : {}),
    ...(has('delete')
      ? {
          delete: operation(`delete${names}${inScope}${kind}`, `delete ${withArticle(kind)}`, 'delete', {
            parameters: common.delete,
            body: { schema: `${META}.DeleteOptions`, required: false },
            responses: answer(resource.deleteReturnsObject ? resource.schema : `${META}.Status`, OK, ACCEPTED),
          }),
        }
      : {}),
  });
  if (namespaced && has('list')) add(`/${plural}`, [common.pretty], { get: listing(`list${names}${kind}ForAllNamespaces`) });
  if (has('watch')) {
    const watching = (id: string, description: string, action: string): Operation =>
      operation(id, description, action, { parameters: common.list, responses: answer(`${META}.WatchEvent`, OK), produces: streams });
    const changes = `watch individual changes to a list of ${kind}. deprecated: use the 'watch' parameter with a list operation instead.`;
    add(`/watch${scope}/${plural}`, [...inNamespace, common.pretty], { get: watching(`watch${names}${inScope}${kind}List`, changes, 'watchlist') });
    add(`/watch${scope}/${plural}/{name}`, [...named(kind), common.pretty], {
      get: watching(
        `watch${names}${inScope}${kind}`,
        `watch changes to an object of kind ${kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter.`,
        'watch',
      ),
    });
    if (namespaced) add(`/watch/${plural}`, [common.pretty], { get: watching(`watch${names}${kind}ListForAllNamespaces`, changes, 'watchlist') });
  }

  for (const sub of resource.subresources) {
    const id = `${inScope}${kind}${capital(sub.name)}`;
    const of = { group: sub.group, version: sub.version, kind: sub.kind };
    const can = (verb: string): boolean => sub.verbs.includes(verb);
    const at = `${scope}/${plural}/{name}/${sub.name}`;
    if (sub.schema !== undefined) {
      add(at, [...named(sub.kind), common.pretty], {
        ...(can('get')
          ? { get: operation(`read${names}${id}`, `read ${sub.name} of the specified ${kind}`, 'get', { parameters: [], responses: answer(sub.schema, OK), gvk: of }) }
          : {}),
        ...(can('update') ? { put: write(`replace${names}${id}`, `replace ${sub.name} of the specified ${kind}`, 'put', sub.schema, [OK, CREATED], of) } : {}),
        ...(can('patch') ? { patch: patch(`patch${names}${id}`, `partially update ${sub.name} of the specified ${kind}`, sub.schema, of) } : {}),
        ...(can('create') ? { post: write(`create${names}${id}`, `create ${sub.name} of ${withArticle(kind)}`, 'post', sub.schema, [OK, CREATED, ACCEPTED], of) } : {}),
      });
    } else if (sub.kind === kind) {
      add(at, [...named(sub.kind), common.pretty], {
        get: operation(`read${names}${id}`, `read ${sub.name} of the specified ${kind}`, 'get', {
          parameters: sub.query ?? [],
          responses: answer(TEXT, OK),
          produces: ['text/plain', ...objects],
        }),
      });
    } else {
      const methods = [...sub.verbs.map((verb) => CONNECT_METHODS[verb]!), ...(sub.name === 'proxy' ? (['head', 'options'] as const) : [])];
      const connections = (suffix: string): Partial<Record<Method, Operation>> =>
        Object.fromEntries(
          methods.map((method) => [
            method,
            operation(`connect${names}${capital(method)}${id}${suffix}`, `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind}`, 'connect', {
              parameters: sub.query ?? [],
              responses: answer(TEXT, OK),
              produces: ['*/*'],
              gvk: of,
            }),
          ]),
        );
      add(at, named(sub.kind), connections(''));
      if (sub.name === 'proxy') add(`${at}/{path}`, [...named(sub.kind), path('path', 'path to the resource')], connections('WithPath'));
    }
  }
  return items;
}

const plain = (id: string, description: string, tag: string, media: readonly string[], schema: string): PathItem =>
  pathItem([], { get: { id, description, tag, consumes: media, produces: media, parameters: [], responses: [{ ...OK, schema }] } });

/** `/apis/apps/v1/`: what a group and version serves. */
export function groupVersionPath(group: string, version: string): [string, PathItem] {
  const root = group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`;
  return [
    root,
    plain(
      `get${groupName(group)}${capital(version)}APIResources`,
      'get available resources',
      tagOf(group, version),
      [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE],
      `${META}.APIResourceList`,
    ),
  ];
}

/** `/apis/apps/`: the versions of a group. */
export function groupPath(group: string): [string, PathItem] {
  const name = groupName(group);
  return [
    `/apis/${group}/`,
    plain(`get${name}APIGroup`, 'get information of a group', name.charAt(0).toLowerCase() + name.slice(1), [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE], `${META}.APIGroup`),
  ];
}

const withoutRequest = (item: PathItem): PathItem => pathItem([], { get: { ...item.operations.get!, consumes: [] } });

/** Paths that belong to no group, by the document of OpenAPI v3 that holds them. */
export const COMMON_PATHS: Readonly<Record<string, readonly [string, PathItem]>> = {
  '.well-known/openid-configuration': [
    '/.well-known/openid-configuration/',
    withoutRequest(
      plain(
        'getServiceAccountIssuerOpenIDConfiguration',
        "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
        'WellKnown',
        [JSON_TYPE],
        TEXT,
      ),
    ),
  ],
  api: ['/api/', plain('getCoreAPIVersions', 'get available API versions', 'core', [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE], `${META}.APIVersions`)],
  apis: ['/apis/', plain('getAPIVersions', 'get available API versions', 'apis', [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE], `${META}.APIGroupList`)],
  'openid/v1/jwks': [
    '/openid/v1/jwks/',
    withoutRequest(
      plain(
        'getServiceAccountIssuerOpenIDKeyset',
        'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
        'openid',
        ['application/jwk-set+json'],
        TEXT,
      ),
    ),
  ],
  version: ['/version/', plain('getCodeVersion', 'get the version information for this server', 'version', [JSON_TYPE], 'io.k8s.apimachinery.pkg.version.Info')],
};
