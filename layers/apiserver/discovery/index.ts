/** Which groups, versions and resources there are, gathered from the registry once and again when it changes. */
import { createHash } from 'node:crypto';
import type { Kind, KindRegistry, VirtualResource } from '#kinds/kind.ts';
import { compareVersions } from '#kinds/custom/versions.ts';
import { SHORT_NAMES } from '#kinds/discovery-names.ts';
import { groupPriority, versionPriority } from '#kinds/apiregistration/priorities.ts';
import { resourceFacts, type SubresourceFacts } from '#kinds/schema.ts';
import type { Remote } from '../aggregation/remotes.ts';

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
  /** The server that has them does not answer now. */
  readonly stale?: true;
}

/** A group and version of another server. */
export interface RemoteVersion {
  readonly remote: Remote;
  readonly version: DiscoveredVersion;
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

/** What clients are told of a resource whose definition is on its way out; finalizers can be taken from its objects all the same. */
const LEAVING = ['delete', 'deletecollection', 'get', 'list', 'watch'];

function ofKind(kind: Kind, stored: Kind | undefined): DiscoveredResource {
  const { plural, singular, kind: name, namespaced, shortNames, categories } = kind;
  const verbs = kind.custom?.terminating === true ? LEAVING : kind.verbs;
  return { plural, singular, kind: name, namespaced, verbs, shortNames, categories, storageVersionHash: storageHash(stored ?? kind), subresources: subresourcesOf(kind) };
}

const ofVirtual = ({ group, version, plural, singular, kind, namespaced }: VirtualResource): DiscoveredResource => ({
  plural,
  singular,
  kind,
  namespaced,
  verbs: resourceFacts(group, version, plural)?.verbs ?? ['create'],
  shortNames: (group === '' ? SHORT_NAMES[plural] : undefined) ?? [],
  categories: [],
  storageVersionHash: '',
  subresources: [],
});

function gather(registry: KindRegistry, remotes: readonly RemoteVersion[]): readonly DiscoveredGroup[] {
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
  const found = new Map<string, { priority: number; readonly versions: { readonly priority: number; readonly version: DiscoveredVersion }[] }>();
  for (const [group, versions] of groups) {
    found.set(group, {
      priority: groupPriority(group),
      versions: [...versions].map(([version, resources]) => ({
        priority: versionPriority(group, version),
        version: { version, resources: resources.sort((a, b) => (a.plural < b.plural ? -1 : 1)) },
      })),
    });
  }
  for (const { remote, version } of remotes) {
    const known = found.get(remote.group) ?? { priority: 0, versions: [] };
    found.set(remote.group, known);
    known.priority = Math.max(known.priority, remote.groupPriority);
    // what an APIService points to goes before what is defined here under the same name
    const here = known.versions.findIndex((one) => one.version.version === version.version);
    if (here >= 0) known.versions.splice(here, 1);
    known.versions.push({ priority: remote.versionPriority, version });
  }
  return [...found]
    .sort(([a, { priority: first }], [b, { priority: second }]) => place(a) - place(b) || second - first || (a < b ? -1 : 1))
    .map(([group, { versions }]) => ({
      group,
      versions: versions.sort((a, b) => b.priority - a.priority || compareVersions(a.version.version, b.version.version)).map(({ version }) => version),
    }));
}

const sameVersion = (a: DiscoveredVersion, b: DiscoveredVersion): boolean => a.resources === b.resources && a.stale === b.stale;

/** Registries give the same array until something changed. */
export class DiscoveryIndex {
  readonly #registry: KindRegistry;
  #seen: readonly Kind[] | undefined;
  #remotes: readonly RemoteVersion[] = [];
  #groups: readonly DiscoveredGroup[] = [];

  constructor(registry: KindRegistry) {
    this.#registry = registry;
  }

  /** A new array when anything changed, the same otherwise. */
  groups(): readonly DiscoveredGroup[] {
    const kinds = this.#registry.kinds();
    if (kinds !== this.#seen) {
      this.#seen = kinds;
      this.#groups = gather(this.#registry, this.#remotes);
    }
    return this.#groups;
  }

  /** What other servers serve, from now on. */
  setRemotes(remotes: readonly RemoteVersion[]): void {
    const same =
      remotes.length === this.#remotes.length &&
      remotes.every(({ remote, version }, at) => this.#remotes[at]!.remote === remote && sameVersion(this.#remotes[at]!.version, version));
    if (same) return;
    this.#remotes = remotes;
    this.#seen = undefined;
  }

  version(group: string, version: string): DiscoveredVersion | undefined {
    return this.groups()
      .find((one) => one.group === group)
      ?.versions.find((one) => one.version === version);
  }
}
