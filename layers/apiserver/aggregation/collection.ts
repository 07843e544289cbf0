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

/** The items. @throws Error in the words of client-go */
export async function remoteItems<T>(services: Services, remotes: Remotes, { group, version, plural, namespace, labelSelector }: RemoteCollection): Promise<readonly T[]> {
  const failure = (text: string): Error => new Error(`${text} (get ${plural}.${group})`);
  await remotes.refresh();
  const remote = remotes.find(group, version);
  if (remote === undefined) throw failure('the server could not find the requested resource');
  if (!remote.available) throw failure('the server is currently unable to handle the request');
  const path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}?labelSelector=${encodeURIComponent(labelSelector)}`;
  const { status, body } = await fetchFrom(services, remote.backend, path, 'application/json', LIMIT_MS);
  if (status === 404) throw failure('the server could not find the requested resource');
  if (status !== 200) throw failure(`the server answered ${status}`);
  return (JSON.parse(body.toString()) as { readonly items?: readonly T[] }).items ?? [];
}
