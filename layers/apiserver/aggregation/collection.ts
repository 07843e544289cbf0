/** Collections of other servers, for controllers that work with whatever is registered: metrics, for one. */
import type { Services } from '../server.port.ts';
import { fetchFrom } from './forward.ts';
import type { Remotes } from './remotes.ts';

const LIMIT_MS = 30_000;

export interface RemoteCollection {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly labelSelector: string;
}

export interface RemoteDocument {
  readonly group: string;
  /** The first that is registered is asked. */
  readonly versions: readonly string[];
  /** Below the version, with the query. */
  readonly path: string;
  /** How client-go names what is asked for in an error. */
  readonly what: string;
  /** What is said where no version is registered; absent: as of any path that is not there. */
  readonly unserved?: string;
}

/** What the server itself says of a request that failed. */
function saying(body: Buffer): string | undefined {
  try {
    const status = JSON.parse(body.toString()) as { readonly kind?: string; readonly message?: string };
    return status.kind === 'Status' && status.message ? status.message : undefined;
  } catch {
    return undefined;
  }
}

/** One document, parsed. @throws Error in the words of client-go */
export async function remoteDocument(services: Services, remotes: Remotes, { group, versions, path, what, unserved }: RemoteDocument): Promise<unknown> {
  const failure = (text: string): Error => new Error(`${text} (get ${what})`);
  await remotes.refresh();
  const version = versions.find((one) => remotes.find(group, one) !== undefined);
  if (version === undefined) throw unserved === undefined ? failure('the server could not find the requested resource') : new Error(unserved);
  const remote = remotes.find(group, version)!;
  if (!remote.available) throw failure('the server is currently unable to handle the request');
  const { status, body } = await fetchFrom(services, remote.backend, `/apis/${group}/${version}/${path}`, 'application/json', LIMIT_MS);
  if (status === 200) return JSON.parse(body.toString()) as unknown;
  const said = saying(body);
  if (said !== undefined) throw new Error(said);
  throw failure(status === 404 ? 'the server could not find the requested resource' : `the server answered ${status}`);
}

/** The items. @throws Error in the words of client-go */
export async function remoteItems<T>(services: Services, remotes: Remotes, { group, version, plural, namespace, labelSelector }: RemoteCollection): Promise<readonly T[]> {
  const path = `namespaces/${namespace}/${plural}?labelSelector=${encodeURIComponent(labelSelector)}`;
  return ((await remoteDocument(services, remotes, { group, versions: [version], path, what: `${plural}.${group}` })) as { readonly items?: readonly T[] }).items ?? [];
}
