/** Which groups, versions and resources there are, gathered from the registry once and again when it changes. */
import { createHash } from 'node:crypto';
import type { Kind, KindRegistry, VirtualResource } from '#kinds/kind.ts';
import { resourceFacts, type SubresourceFacts } from '#kinds/schema.ts';

export interface DiscoveredResource {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Empty for what is never stored. */
  readonly storageVersionHash: string;
  readonly subresources: readonly SubresourceFacts[];
}

export interface DiscoveredVersion {
  readonly version: string;
  readonly resources: readonly DiscoveredResource[];
}

export interface DiscoveredGroup {
  readonly group: string;
  /** The preferred one first. */
  readonly versions: readonly DiscoveredVersion[];
}

/** The order in which kube-apiserver lists its groups: clients that look for a resource by its short name alone take the first that has it. */
const ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
];
const place = (group: string): number => (ORDER.includes(group) ? ORDER.indexOf(group) : ORDER.length);

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STAGES: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** Newest stable first (apimachinery `version.CompareKubeAwareVersionStrings`). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (left === null || right === null) return left !== null ? -1 : right !== null ? 1 : a < b ? -1 : 1;
  const stage = (match: RegExpExecArray): number => (match[2] === undefined ? 2 : STAGES[match[2]]!);
  return stage(right) - stage(left) || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0);
}

/** As kube-apiserver: names the version that objects are stored in without saying which it is. */
const storageHash = ({ group, version, kind }: Kind): string => createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');

function subresourcesOf(kind: Kind): readonly SubresourceFacts[] {
  const known = resourceFacts(kind.group, kind.version, kind.plural);
  if (known !== undefined) return known.subresources;
  const { group, version, kind: name } = kind;
  return [
    ...(kind.scale === undefined ? [] : [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] }]),
    ...kind.stored.map((door) => ({ name: door.name, group, version, kind: name, verbs: [...door.verbs] })),
  ] as readonly SubresourceFacts[];
}

function ofKind(kind: Kind, stored: Kind | undefined): DiscoveredResource {
  const { plural, singular, kind: name, namespaced, verbs, shortNames, categories } = kind;
  return { plural, singular, kind: name, namespaced, verbs, shortNames, categories, storageVersionHash: storageHash(stored ?? kind), subresources: subresourcesOf(kind) };
}

const ofVirtual = ({ group, version, plural, singular, kind, namespaced }: VirtualResource): DiscoveredResource => ({
  plural,
  singular,
  kind,
  namespaced,
  verbs: resourceFacts(group, version, plural)?.verbs ?? ['create'],
  shortNames: [],
  categories: [],
  storageVersionHash: '',
  subresources: [],
});

function gather(registry: KindRegistry): readonly DiscoveredGroup[] {
  const groups = new Map<string, Map<string, DiscoveredResource[]>>();
  const add = (group: string, version: string, resource: DiscoveredResource): void => {
    let versions = groups.get(group);
    if (versions === undefined) groups.set(group, (versions = new Map()));
    const resources = versions.get(version);
    if (resources === undefined) versions.set(version, [resource]);
    else resources.push(resource);
  };
  for (const kind of registry.kinds()) add(kind.group, kind.version, ofKind(kind, registry.byStorage(kind.storage)));
  for (const virtual of registry.virtuals()) add(virtual.group, virtual.version, ofVirtual(virtual));
  return [...groups]
    .map(([group, versions]) => ({
      group,
      versions: [...versions]
        .map(([version, resources]) => ({ version, resources: resources.sort((a, b) => (a.plural < b.plural ? -1 : 1)) }))
        .sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => place(a.group) - place(b.group) || (a.group < b.group ? -1 : 1));
}

/** Registries give the same array until something changed. */
export class DiscoveryIndex {
  readonly #registry: KindRegistry;
  #seen: readonly Kind[] | undefined;
  #groups: readonly DiscoveredGroup[] = [];

  constructor(registry: KindRegistry) {
    this.#registry = registry;
  }

  /** A new array when anything changed, the same otherwise. */
  groups(): readonly DiscoveredGroup[] {
    const kinds = this.#registry.kinds();
    if (kinds !== this.#seen) {
      this.#seen = kinds;
      this.#groups = gather(this.#registry);
    }
    return this.#groups;
  }

  version(group: string, version: string): DiscoveredVersion | undefined {
    return this.groups()
      .find((one) => one.group === group)
      ?.versions.find((one) => one.version === version);
  }
}
