/** Which of a pod's pull secrets is for the registry of an image. */
import type { KubeObject } from '#machinery/object.ts';
import type { ConfigSource } from '../api/source.ts';
import type { Pod } from './pod.ts';

export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
}

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

const HUB = 'docker.io';

/** The registry's host of an image name, and the path below it. */
export function registryOf(image: string): { readonly host: string; readonly path: string } {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  return isHost ? { host: first, path: rest.join('/') } : { host: HUB, path: image };
}

const bare = (server: string): string => server.replace(/^https?:\/\//, '').replace(/\/+$/, '');

function fits(server: string, image: { readonly host: string; readonly path: string }): boolean {
  const [host = '', ...below] = bare(server).split('/');
  const prefix = below.filter((part) => part !== 'v1' && part !== 'v2').join('/');
  const hub = image.host === HUB && (host === 'index.docker.io' || host === HUB || host === 'registry-1.docker.io');
  const wanted = host.split('.');
  const given = image.host.split('.');
  const same = hub || (wanted.length === given.length && wanted.every((part, at) => part === given[at] || part === '*'));
  return same && (prefix === '' || image.path === prefix || image.path.startsWith(`${prefix}/`));
}

function entriesOf(secret: KubeObject): Readonly<Record<string, Entry>> {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
  const text = data['.dockerconfigjson'] ?? data['.dockercfg'];
  if (text === undefined) return {};
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { auths?: Record<string, Entry> };
    return data['.dockerconfigjson'] === undefined ? (parsed as Record<string, Entry>) : (parsed.auths ?? {});
  } catch {
    return {};
  }
}

/** The secrets that fit, the most specific server first; none: pull without. */
export async function registryAuth(pod: Pod, image: string, config: (source: ConfigSource) => Promise<KubeObject | undefined>): Promise<readonly RegistryAuth[]> {
  const where = registryOf(image);
  const found: RegistryAuth[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    if (name === undefined || name === '') continue;
    const secret = await config({ resource: 'secrets', namespace: pod.metadata.namespace, name });
    if (secret === undefined) continue;
    for (const [server, entry] of Object.entries(entriesOf(secret))) {
      if (!fits(server, where)) continue;
      const both = entry.auth === undefined ? undefined : Buffer.from(entry.auth, 'base64').toString('utf8');
      const colon = both?.indexOf(':') ?? -1;
      const username = entry.username ?? (colon < 0 ? undefined : both!.slice(0, colon));
      const password = entry.password ?? (colon < 0 ? undefined : both!.slice(colon + 1));
      if (username !== undefined && password !== undefined) found.push({ username, password, serverAddress: server });
    }
  }
  return found.sort((a, b) => b.serverAddress.length - a.serverAddress.length);
}
