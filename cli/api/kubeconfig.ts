/** Reads a kubeconfig as kubectl does: $KUBECONFIG (files merged, first wins) or ~/.kube/config, the current or a named context. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';

export interface Connection {
  readonly server: string;
  readonly namespace: string;
  readonly ca?: string | Buffer;
  readonly insecure: boolean;
  readonly serverName?: string;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly token?: string;
}

export class KubeconfigError extends Error {
  readonly code = 'KUBECONFIG';
}

export interface ConnectionOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly token?: string;
  readonly env?: NodeJS.ProcessEnv;
}

interface Entry {
  readonly name: string;
  readonly folder: string;
  readonly [field: string]: unknown;
}

type Fields = Readonly<Record<string, string | boolean | undefined>>;

function load(files: readonly string[]): { lists: Record<'clusters' | 'users' | 'contexts', Entry[]>; current: string } {
  const lists = { clusters: [] as Entry[], users: [] as Entry[], contexts: [] as Entry[] };
  let current = '';
  for (const file of files) {
    const config = (parse(readFileSync(file, 'utf8')) ?? {}) as Record<string, unknown>;
    for (const key of ['clusters', 'users', 'contexts'] as const) {
      for (const entry of (config[key] as Entry[] | null | undefined) ?? []) {
        if (!lists[key].some(({ name }) => name === entry.name)) lists[key].push({ ...entry, folder: dirname(file) });
      }
    }
    if (current === '' && typeof config['current-context'] === 'string') current = config['current-context'];
  }
  return { lists, current };
}

/** Inline data (base64) before the file it may stand for; relative files are the kubeconfig's neighbours. */
function material(fields: Fields, folder: string, name: string): Buffer | undefined {
  const data = fields[`${name}-data`];
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64');
  const file = fields[name];
  return typeof file === 'string' && file !== '' ? readFileSync(isAbsolute(file) ? file : join(folder, file)) : undefined;
}

export function connection(options: ConnectionOptions = {}): Connection {
  const env = options.env ?? process.env;
  const named = options.kubeconfig === undefined ? (env['KUBECONFIG'] ?? '').split(':').filter((file) => file !== '') : [options.kubeconfig];
  const files = (named.length > 0 ? named : [join(env['HOME'] ?? homedir(), '.kube', 'config')]).filter((file) => existsSync(file));
  if (files.length === 0 && options.server === undefined) throw new KubeconfigError('no kubeconfig found: set KUBECONFIG or give --kubeconfig');
  const { lists, current } = load(files);
  const pick = (key: 'clusters' | 'users' | 'contexts', name: string): Entry | undefined => lists[key].find((entry) => entry.name === name);
  const contextName = options.context ?? current;
  const context = (pick('contexts', contextName)?.['context'] ?? {}) as Fields;
  if (options.context !== undefined && pick('contexts', contextName) === undefined) throw new KubeconfigError(`context "${contextName}" does not exist`);
  const clusterEntry = pick('clusters', options.cluster ?? String(context['cluster'] ?? ''));
  const userEntry = pick('users', options.user ?? String(context['user'] ?? ''));
  const cluster = (clusterEntry?.['cluster'] ?? {}) as Fields;
  const user = (userEntry?.['user'] ?? {}) as Fields;
  const server = options.server ?? cluster['server'];
  if (typeof server !== 'string' || server === '') throw new KubeconfigError(`context "${contextName}" names no server`);
  const ca = material(cluster, clusterEntry?.folder ?? '.', 'certificate-authority');
  const cert = material(user, userEntry?.folder ?? '.', 'client-certificate');
  const key = material(user, userEntry?.folder ?? '.', 'client-key');
  const tokenFile = user['tokenFile'];
  const token = options.token ?? (typeof tokenFile === 'string' ? readFileSync(tokenFile, 'utf8').trim() : user['token']);
  return {
    server: server.replace(/\/+$/, ''),
    namespace: options.namespace ?? (typeof context['namespace'] === 'string' && context['namespace'] !== '' ? context['namespace'] : 'default'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ...(ca === undefined ? {} : { ca }),
    ...(typeof cluster['tls-server-name'] === 'string' ? { serverName: cluster['tls-server-name'] } : {}),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(typeof token === 'string' && token !== '' ? { token } : {}),
  };
}
