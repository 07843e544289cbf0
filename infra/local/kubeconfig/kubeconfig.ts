/**
 * Writes a cluster into a kubeconfig file as `kubectl config` would: under client-go's lock (`FILE.lock`, created exclusively), keeping
 * everything else in the file, and in one rename, so that nobody ever reads half of it.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDocument } from 'yaml';

const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 50;
/** A lock this old was left by a process that died: client-go holds it for milliseconds. */
const LOCK_STALE_MS = 60_000;

export interface Access {
  /** Names the cluster, the user and the context alike. */
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export class KubeconfigError extends Error {
  readonly code = 'KUBECONFIG';
}

/** The file `kubectl` would write to: the first of $KUBECONFIG, or ~/.kube/config. */
export function defaultKubeconfig(env: NodeJS.ProcessEnv = process.env): string {
  return (env['KUBECONFIG'] ?? '').split(':').find((file) => file !== '') ?? join(env['HOME'] ?? homedir(), '.kube', 'config');
}

async function withLock<T>(file: string, work: () => T): Promise<T> {
  const lock = `${file}.lock`;
  for (let waited = 0; ; waited += LOCK_POLL_MS) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new KubeconfigError(`cannot write beside ${file}: ${(error as Error).message}`);
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) rmSync(lock, { force: true });
      else if (waited >= LOCK_WAIT_MS) throw new KubeconfigError(`${lock} is held by another program: remove it if none runs`);
      await wait(LOCK_POLL_MS);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}

function edit(file: string, change: (config: { clusters: Named[]; users: Named[]; contexts: Named[]; 'current-context': string }) => void): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const document = parseDocument(text === '' ? '{}' : text);
  if (document.errors.length > 0) throw new KubeconfigError(`${file} is not YAML: ${document.errors[0]!.message.split('\n')[0]}`);
  const read = (document.toJS() ?? {}) as Record<string, unknown>;
  const list = (key: string): Named[] => (Array.isArray(read[key]) ? (read[key] as Named[]) : []);
  const config = {
    clusters: list('clusters'),
    users: list('users'),
    contexts: list('contexts'),
    'current-context': typeof read['current-context'] === 'string' ? read['current-context'] : '',
  };
  change(config);
  // key by key, so that comments and fields of others stay where they are
  for (const [key, value] of Object.entries({ apiVersion: 'v1', kind: 'Config', ...config })) document.set(key, document.createNode(value));
  document.delete('{}');
  const part = `${file}.${process.pid}.part`;
  if (document.contents !== null && 'flow' in document.contents) document.contents.flow = false;
  writeFileSync(part, document.toString({ lineWidth: 0 }), { mode: 0o600 });
  renameSync(part, file);
}

const without = (list: readonly Named[], name: string): Named[] => list.filter((entry) => entry.name !== name);

/** Adds or replaces the cluster, its user and its context, and makes the context current. */
export async function writeAccess(file: string, access: Access): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  await withLock(file, () =>
    edit(file, (config) => {
      const { name } = access;
      config.clusters = [...without(config.clusters, name), { name, cluster: { server: access.server, 'certificate-authority-data': base64(access.caPem) } }];
      config.users = [...without(config.users, name), { name, user: { 'client-certificate-data': base64(access.certPem), 'client-key-data': base64(access.keyPem) } }];
      config.contexts = [...without(config.contexts, name), { name, context: { cluster: name, user: name } }];
      config['current-context'] = name;
    }),
  );
}

/** Takes the cluster out again; a file that is not there is left alone. */
export async function removeAccess(file: string, name: string): Promise<void> {
  if (!existsSync(file)) return;
  await withLock(file, () =>
    edit(file, (config) => {
      config.clusters = without(config.clusters, name);
      config.users = without(config.users, name);
      config.contexts = without(config.contexts, name);
      if (config['current-context'] === name) config['current-context'] = config.contexts[0]?.name ?? '';
    }),
  );
}
