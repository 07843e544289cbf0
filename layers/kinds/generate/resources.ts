/** Turns the paths of the API into the table of resources that discovery, routing and documents are made of. */
import type { Operation } from './clients.ts';
import { openapiName, PACKAGES, type Definition } from './facts.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Subresource extends GroupVersionKind {
  readonly name: string;
  readonly verbs: readonly string[];
}

export interface Resource extends GroupVersionKind {
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  /** Sorted, as discovery has them. */
  readonly verbs: readonly string[];
  /** Absent where there is nothing to list. */
  readonly listKind?: string;
  /** DELETE answers with the object, instead of a Status. */
  readonly deleteReturnsObject?: true;
  readonly subresources: readonly Subresource[];
}

export interface ParsedPath {
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly plural: string;
  readonly named: boolean;
  readonly subresource?: string;
  /** `/proxy/{path}` */
  readonly deep: boolean;
  readonly watch: boolean;
}

/** Nothing for the paths of groups and versions themselves. */
export function parsePath(path: string): ParsedPath | undefined {
  const match = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(watch\/)?(?:(namespaces)\/\{namespace\}\/)?([a-z]+)(\/\{name\})?(?:\/([a-z]+))?(\/\{path\})?$/.exec(path);
  if (match === null) return undefined;
  const [, core, group, version, watch, namespaces, plural, name, subresource, deep] = match;
  return {
    group: group ?? '',
    version: core ?? version!,
    namespaced: namespaces !== undefined,
    plural: plural!,
    named: name !== undefined,
    ...(subresource === undefined ? {} : { subresource }),
    deep: deep !== undefined,
    watch: watch !== undefined,
  };
}

export const packageOf = (group: string, version: string): string | undefined => PACKAGES.find((known) => known.group === group && known.version === version)?.path;

/** The groups and versions that are served: those with types of their own among what the clients know. */
export const isServed = (group: string, version: string): boolean => !/alpha|beta/.test(version) && packageOf(group, version) !== undefined;

/** `V1Pod` of client-node, seen in a path of `group` and `version`, as an OpenAPI name; nothing for `string` and the like. */
export function definitionOf(className: string, group: string, version: string, definitions: ReadonlyMap<string, Definition>): string | undefined {
  const match = /^([A-Z][a-z]+)??(V\d+)([A-Z]\w*)$/.exec(className);
  if (match === null) return undefined;
  const [, prefix, version2, kind] = match;
  const own = `${openapiName(packageOf(group, version)!)}.${kind!}`;
  if (prefix === undefined && definitions.has(own)) return own;
  const candidates = [...definitions.keys()].filter((name) => {
    const [owner, itsVersion, itsKind] = name.split('.').slice(-3) as [string, string, string];
    return itsKind === kind && itsVersion === version2!.toLowerCase() && (prefix === undefined || owner === prefix.toLowerCase());
  });
  if (candidates.length !== 1) throw new Error(`${className} is ${candidates.length === 0 ? 'unknown' : `one of ${candidates.join(', ')}`}`);
  return candidates[0]!;
}

/** What a connection's options are called: `PodExecOptions`. */
const CONNECT_SUFFIX: Readonly<Record<string, string>> = { exec: 'Exec', attach: 'Attach', portforward: 'PortForward', proxy: 'Proxy' };

export function gvkOf(definition: string): GroupVersionKind {
  const known = PACKAGES.find(({ path }) => definition.startsWith(`${openapiName(path)}.`));
  if (known === undefined) throw new Error(`${definition} is in no known package`);
  return { group: known.group, version: known.version, kind: definition.slice(definition.lastIndexOf('.') + 1) };
}

const VERBS: Readonly<Record<Operation['method'], string | undefined>> = {
  get: 'get',
  put: 'update',
  post: 'create',
  patch: 'patch',
  delete: 'delete',
  head: undefined,
  options: undefined,
};

interface Draft {
  readonly parsed: ParsedPath;
  namespaced: boolean;
  readonly verbs: Set<string>;
  kind?: GroupVersionKind;
  listKind?: string;
  deleteReturnsObject?: boolean;
  readonly subresources: Map<string, { readonly verbs: Set<string>; kind?: GroupVersionKind }>;
}

export function resources(operations: readonly Operation[], definitions: ReadonlyMap<string, Definition>): Resource[] {
  const drafts = new Map<string, Draft>();
  for (const operation of operations) {
    const parsed = parsePath(operation.path);
    if (parsed === undefined || parsed.watch || parsed.deep || !isServed(parsed.group, parsed.version)) continue;
    const key = `${parsed.group}/${parsed.version}/${parsed.plural}`;
    const draft: Draft = drafts.get(key) ?? { parsed, namespaced: false, verbs: new Set(), subresources: new Map() };
    drafts.set(key, draft);
    // A namespace's own subresources are read as a resource in it: /api/v1/namespaces/{name}/status is not.
    draft.namespaced ||= parsed.namespaced;
    const type = operation.body === undefined || operation.body === 'any' || operation.body.endsWith('DeleteOptions') ? operation.responses.get(200) : operation.body;
    const definition = type === undefined || type === '' ? undefined : definitionOf(type, parsed.group, parsed.version, definitions);
    const verb = VERBS[operation.method];
    if (verb === undefined) continue;
    if (parsed.subresource !== undefined) {
      const sub = draft.subresources.get(parsed.subresource) ?? { verbs: new Set() };
      draft.subresources.set(parsed.subresource, sub);
      sub.verbs.add(verb);
      if (definition !== undefined && operation.method !== 'delete') sub.kind ??= gvkOf(definition);
    } else if (parsed.named) {
      draft.verbs.add(verb);
      if (operation.method === 'get') draft.kind = gvkOf(definition!);
      if (operation.method === 'delete') draft.deleteReturnsObject = operation.responses.get(200) !== 'V1Status';
    } else if (operation.method === 'get') {
      draft.verbs.add('list');
      if (operation.query.some(({ name }) => name === 'watch')) draft.verbs.add('watch');
      draft.listKind = gvkOf(definition!).kind;
    } else {
      draft.verbs.add(operation.method === 'delete' ? 'deletecollection' : 'create');
      if (operation.method === 'post') draft.kind = gvkOf(definition!);
    }
  }
  return [...drafts.values()].map(finish).sort((a, b) => compare(a.group, b.group) || compare(a.version, b.version) || compare(a.plural, b.plural));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function finish({ parsed, namespaced, verbs, kind, listKind, deleteReturnsObject, subresources }: Draft): Resource {
  if (kind === undefined) throw new Error(`no kind for ${parsed.plural}`);
  // ComponentStatus can be listed but, although the clients offer it, not watched.
  if (kind.kind === 'ComponentStatus') verbs.delete('watch');
  const connect = (name: string): GroupVersionKind => {
    const suffix = CONNECT_SUFFIX[name];
    return suffix === undefined ? kind : { ...kind, kind: `${kind.kind}${suffix}Options` };
  };
  return {
    group: parsed.group,
    version: parsed.version,
    kind: kind.kind,
    plural: parsed.plural,
    singular: kind.kind.toLowerCase(),
    namespaced,
    verbs: [...verbs].sort(),
    ...(listKind === undefined ? {} : { listKind }),
    ...(deleteReturnsObject === true ? { deleteReturnsObject } : {}),
    subresources: [...subresources].map(([name, sub]) => ({ name, ...(sub.kind ?? connect(name)), verbs: [...sub.verbs].sort() })).sort((a, b) => compare(a.name, b.name)),
  };
}
