/** The APIServices that point to other servers, as the store has them now. */
import { isAvailable } from '#kinds/apiregistration/available.ts';
import type { APIService } from '#kinds/generated/types.ts';
import type { Store } from '#store/port.ts';
import type { Backend, ClientCertificate } from '../backends/connect.ts';
import { parseBytes } from '../write/body.ts';

export const API_SERVICES = 'apiservices.apiregistration.k8s.io';
const HTTPS_PORT = 443;

export interface Remote {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly available: boolean;
  readonly backend: Backend;
}

export interface Remotes {
  /** After it, what was written before the call is known. */
  refresh(): Promise<void>;
  find(group: string, version: string): Remote | undefined;
  /** The same array until one of them changed. */
  all(): readonly Remote[];
}

const versionOf = ({ group, version }: Remote): string => `${group}/${version}`;

export function backendOf({ spec }: APIService, client: ClientCertificate | undefined): Backend | undefined {
  const service = spec?.service;
  if (service === undefined) return undefined;
  return {
    service: { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? HTTPS_PORT },
    ...(spec!.caBundle ? { caBundle: spec!.caBundle } : {}),
    ...(spec!.insecureSkipTLSVerify === true ? { insecure: true } : {}),
    ...(client === undefined ? {} : { client }),
  };
}

/** `local`: what this process serves itself as long as no APIService names another server for it. */
export function storedRemotes(store: Store, client: ClientCertificate | undefined, local: readonly Remote[] = []): Remotes {
  let seen = -1;
  let all: readonly Remote[] = local;
  let byVersion: ReadonlyMap<string, Remote> = new Map(local.map((remote) => [versionOf(remote), remote]));
  return {
    async refresh() {
      if ((await store.frontier(API_SERVICES)) === seen) return;
      const page = await store.list({ resource: API_SERVICES, version: 'latest' });
      const found: Remote[] = [];
      for (const { body } of page.items) {
        const object = parseBytes<APIService>(body);
        const backend = backendOf(object, client);
        if (backend === undefined) continue;
        const { group = '', version = '', groupPriorityMinimum, versionPriority } = object.spec!;
        found.push({ name: object.metadata.name!, group, version, groupPriority: groupPriorityMinimum, versionPriority, available: isAvailable(object), backend });
      }
      found.push(...local.filter((own) => !found.some((remote) => versionOf(remote) === versionOf(own))));
      seen = page.rv;
      // a local APIService that changed is none of ours
      if (JSON.stringify(found) === JSON.stringify(all)) return;
      all = found;
      byVersion = new Map(found.map((remote) => [versionOf(remote), remote]));
    },
    find: (group, version) => byVersion.get(`${group}/${version}`),
    all: () => all,
  };
}
