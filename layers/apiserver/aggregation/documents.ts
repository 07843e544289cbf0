/**
 * What other servers say of themselves: their resources and their OpenAPI documents. Asked for when somebody asks this server, kept for a
 * while, and kept longer than that where they no longer answer: discovery then says that it is stale.
 */
import type { JsonObject } from '#machinery/object.ts';
import type { Clock } from '#machinery/clock.ts';
import type { DiscoveredResource, DiscoveredVersion } from '../discovery/index.ts';
import type { Services } from '../server.port.ts';
import { fetchFrom } from './forward.ts';
import type { Remote, Remotes } from './remotes.ts';

/** As kube-aggregator's discovery manager asks. */
const KEEP_MS = 60_000;
/** A server that did not answer is left alone so long. */
const FAILED_MS = 10_000;
const TIMEOUT_MS = 5_000;
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

const NONE: readonly DiscoveredResource[] = [];

interface Kept<T> {
  readonly until: number;
  readonly value: T | undefined;
  readonly failed: boolean;
}

class Keeper<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #asking = new Map<string, Promise<Kept<T>>>();
  readonly #clock: Clock;
  readonly #ask: (remote: Remote) => Promise<T>;

  constructor(clock: Clock, ask: (remote: Remote) => Promise<T>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  async get(remote: Remote): Promise<Kept<T>> {
    const id = JSON.stringify([remote.name, remote.backend, remote.available]);
    const kept = this.#kept.get(id);
    if (kept !== undefined && kept.until > this.#clock.now()) return kept;
    let asking = this.#asking.get(id);
    if (asking === undefined) {
      asking = this.#fresh(remote, kept).then((next) => {
        this.#kept.set(id, next);
        this.#asking.delete(id);
        return next;
      });
      this.#asking.set(id, asking);
    }
    return asking;
  }

  async #fresh(remote: Remote, before: Kept<T> | undefined): Promise<Kept<T>> {
    try {
      if (!remote.available) throw new Error('not available');
      return { value: await this.#ask(remote), failed: false, until: this.#clock.now() + KEEP_MS };
    } catch {
      return { value: before?.value, failed: true, until: this.#clock.now() + FAILED_MS };
    }
  }

  /** Forgets those that are no more. */
  keep(remotes: readonly Remote[]): void {
    if (this.#kept.size <= remotes.length) return;
    const wanted = new Set(remotes.map((remote) => JSON.stringify([remote.name, remote.backend, remote.available])));
    for (const id of this.#kept.keys()) if (!wanted.has(id)) this.#kept.delete(id);
  }
}

interface KindRef {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

interface AggregatedResource {
  readonly resource: string;
  readonly responseKind?: KindRef;
  readonly scope?: string;
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string; readonly responseKind?: KindRef; readonly verbs?: readonly string[] }[];
}

interface AggregatedList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly AggregatedResource[] }[];
  }[];
}

function fromAggregated({ group, version }: Remote, list: AggregatedList): readonly DiscoveredResource[] | undefined {
  const found = list.items?.find(({ metadata }) => metadata?.name === group)?.versions?.find((one) => one.version === version);
  return found?.resources?.map(({ resource, responseKind, scope, singularResource, verbs, shortNames, categories, subresources }) => ({
    plural: resource,
    singular: singularResource ?? '',
    kind: responseKind?.kind ?? '',
    namespaced: scope === 'Namespaced',
    verbs: verbs ?? [],
    shortNames: shortNames ?? [],
    categories: categories ?? [],
    storageVersionHash: '',
    subresources: (subresources ?? []).map((one) => ({
      name: one.subresource,
      group: one.responseKind?.group ?? group,
      version: one.responseKind?.version ?? version,
      kind: one.responseKind?.kind ?? '',
      verbs: (one.verbs ?? []) as DiscoveredResource['subresources'][number]['verbs'],
    })),
  }));
}

interface LegacyResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

function fromLegacy({ group, version }: Remote, { resources = [] }: { readonly resources?: readonly LegacyResource[] }): readonly DiscoveredResource[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((one) => ({
      plural: one.name,
      singular: one.singularName ?? '',
      kind: one.kind,
      namespaced: one.namespaced === true,
      verbs: one.verbs ?? [],
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      storageVersionHash: '',
      subresources: resources
        .filter(({ name }) => name.startsWith(`${one.name}/`))
        .map((sub) => ({
          name: sub.name.slice(one.name.length + 1),
          group: sub.group ?? group,
          version: sub.version ?? version,
          kind: sub.kind,
          verbs: (sub.verbs ?? []) as DiscoveredResource['subresources'][number]['verbs'],
        })),
    }));
}

export interface RemoteOpenApi {
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly definitions: Readonly<Record<string, JsonObject>>;
}

export interface RemoteDocuments {
  /** What each remote serves, in the order of the remotes; asks those that were not asked lately. */
  versions(): Promise<readonly { readonly remote: Remote; readonly version: DiscoveredVersion }[]>;
  /** Entries of the index of OpenAPI v3, by key. */
  third(): Promise<Readonly<Record<string, JsonObject>>>;
  /** Paths and types of OpenAPI v2. */
  second(): Promise<readonly RemoteOpenApi[]>;
}

export function remoteDocuments(services: () => Services, remotes: Remotes, clock: Clock): RemoteDocuments {
  const json = async (remote: Remote, path: string, accept = 'application/json'): Promise<{ readonly type: string; readonly value: unknown }> => {
    const { status, type, body } = await fetchFrom(services(), remote.backend, path, accept, TIMEOUT_MS);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    return { type, value: JSON.parse(body.toString('utf8')) as unknown };
  };
  const resources = new Keeper(clock, async (remote): Promise<readonly DiscoveredResource[]> => {
    const all = await json(remote, '/apis', AGGREGATED).catch(() => undefined);
    const found = all?.type.includes('APIGroupDiscoveryList') === true ? fromAggregated(remote, all.value as AggregatedList) : undefined;
    return found ?? fromLegacy(remote, (await json(remote, `/apis/${remote.group}/${remote.version}`)).value as { resources?: readonly LegacyResource[] });
  });
  const third = new Keeper(clock, async (remote): Promise<JsonObject | undefined> => {
    const { paths } = (await json(remote, '/openapi/v3')).value as { paths?: Record<string, JsonObject> };
    return paths?.[`apis/${remote.group}/${remote.version}`];
  });
  const second = new Keeper(clock, async (remote): Promise<RemoteOpenApi> => {
    const { paths = {}, definitions = {} } = (await json(remote, '/openapi/v2')).value as { paths?: Record<string, JsonObject>; definitions?: Record<string, JsonObject> };
    return { paths: Object.fromEntries(Object.entries(paths).filter(([path]) => path.startsWith(`/apis/${remote.group}/${remote.version}/`))), definitions };
  });
  return {
    async versions() {
      const all = remotes.all();
      resources.keep(all);
      return Promise.all(
        all.map(async (remote) => {
          const { value, failed } = await resources.get(remote);
          return { remote, version: { version: remote.version, resources: value ?? NONE, ...(failed ? { stale: true as const } : {}) } };
        }),
      );
    },
    async third() {
      const all = remotes.all();
      third.keep(all);
      const found: Record<string, JsonObject> = {};
      await Promise.all(
        all.map(async (remote) => {
          const { value } = await third.get(remote);
          if (value !== undefined) found[`apis/${remote.group}/${remote.version}`] = value;
        }),
      );
      return found;
    },
    async second() {
      const all = remotes.all();
      second.keep(all);
      return (await Promise.all(all.map((remote) => second.get(remote)))).flatMap(({ value }) => value ?? []);
    },
  };
}
