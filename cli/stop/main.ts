/**
 * `kubectl stop`: gone since 1.2, here as a plugin: scales what makes pods to nothing, waits, then deletes it.
 * Usage: kubectl stop (-f FILE | TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all))
 */
import type { KubeObject } from '#machinery/object.ts';
import { isNotFound } from '#machinery/status.ts';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type ApiClient, apiClient } from '../api/client.ts';
import { connection, type ConnectionOptions } from '../api/kubeconfig.ts';
import { duration } from '../rolling-update/duration.ts';

const USAGE =
  'Usage: kubectl stop (-f FILE | TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all)) [-n NAMESPACE] [--grace-period N] [--timeout 0s] [--ignore-not-found] [-o name]';
const POLL_MS = 200;
/** Without --timeout: as long as a pod's own grace may reasonably be. */
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

interface ResourceEntry {
  readonly group: string;
  readonly version: string;
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly scalable: boolean;
}

async function discover(api: ApiClient): Promise<ResourceEntry[]> {
  interface Found extends KubeObject {
    resources: { name: string; singularName: string; kind: string; namespaced: boolean; shortNames?: string[] }[];
  }
  interface Groups extends KubeObject {
    groups: { name: string; preferredVersion: { version: string } }[];
  }
  const groups = (await api.get<Groups>('/apis')).groups.map(({ name, preferredVersion }) => ({
    group: name,
    version: preferredVersion.version,
    path: `/apis/${name}/${preferredVersion.version}`,
  }));
  const lists = await Promise.all([{ group: '', version: 'v1', path: '/api/v1' }, ...groups].map(async (at) => ({ at, found: await api.get<Found>(at.path) })));
  return lists.flatMap(({ at, found }) =>
    found.resources
      .filter(({ name }) => !name.includes('/'))
      .map((entry) => ({
        group: at.group,
        version: at.version,
        name: entry.name,
        singular: entry.singularName,
        kind: entry.kind,
        namespaced: entry.namespaced,
        shortNames: entry.shortNames ?? [],
        scalable: found.resources.some(({ name }) => name === `${entry.name}/scale`),
      })),
  );
}

function resourceOf(entries: readonly ResourceEntry[], type: string): ResourceEntry {
  const wanted = type.toLowerCase();
  const [bare, ...rest] = wanted.split('.');
  const found = entries.find(
    (entry) => [entry.name, entry.singular, entry.kind.toLowerCase(), ...entry.shortNames].includes(bare!) && (rest.length === 0 || entry.group === rest.join('.')),
  );
  if (found === undefined) throw new Error(`the server doesn't have a resource type ${JSON.stringify(type)}`);
  return found;
}

const pathOf = (entry: ResourceEntry, namespace: string, name?: string): string =>
  [
    entry.group === '' ? '/api/v1' : `/apis/${entry.group}/${entry.version}`,
    ...(entry.namespaced ? ['namespaces', encodeURIComponent(namespace)] : []),
    entry.name,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
  ].join('/');

async function gone(api: ApiClient, path: string): Promise<boolean> {
  try {
    await api.get(path);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

async function until(done: () => Promise<boolean>, limitMs: number, what: string): Promise<void> {
  for (const end = Date.now() + limitMs; !(await done()); await wait(POLL_MS)) if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
}

async function stop(api: ApiClient, entry: ResourceEntry, path: string, graceSeconds: number | undefined, timeoutMs: number): Promise<void> {
  if (entry.scalable) {
    await api.patch(`${path}/scale`, 'application/merge-patch+json', { spec: { replicas: 0 } });
    await until(
      async () => ((await api.get<KubeObject & { status?: { replicas?: number } }>(path)).status?.replicas ?? 0) === 0,
      timeoutMs,
      `${entry.singular} to reach zero replicas`,
    );
  } else if (entry.kind === 'Job') await api.patch(path, 'application/merge-patch+json', { spec: { parallelism: 0 } });
  await api.delete(path, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }) });
  await until(() => gone(api, path), timeoutMs, `${entry.singular} to go away`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      filename: { type: 'string', short: 'f', multiple: true, default: [] },
      selector: { type: 'string', short: 'l' },
      all: { type: 'boolean', default: false },
      'grace-period': { type: 'string', default: '-1' },
      timeout: { type: 'string', default: '0s' },
      'ignore-not-found': { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
      namespace: { type: 'string', short: 'n' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      cluster: { type: 'string' },
      user: { type: 'string' },
      server: { type: 'string', short: 's' },
      token: { type: 'string' },
    },
  });
  if (values.help || (positionals.length === 0 && values.filename.length === 0)) {
    process.stdout.write(`${USAGE}\n`);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const { namespace, kubeconfig, context, cluster, user, server, token } = values;
  const api = apiClient(
    connection(
      Object.fromEntries(Object.entries({ namespace, kubeconfig, context, cluster, user, server, token }).filter(([, value]) => value !== undefined)) as ConnectionOptions,
    ),
  );
  const grace = Number(values['grace-period']);
  const timeoutMs = duration(values.timeout, '--timeout') || DEFAULT_TIMEOUT_MS;
  try {
    const entries = await discover(api);
    const targets: { entry: ResourceEntry; namespace: string; name: string }[] = [];
    for (const file of values.filename) {
      for (const document of parseAllDocuments(readFileSync(file === '-' ? 0 : file, 'utf8'))) {
        const object = document.toJS() as (KubeObject & { items?: KubeObject[] }) | null;
        for (const item of object?.items ?? (object === null ? [] : [object])) {
          const group = item.apiVersion.includes('/') ? `.${item.apiVersion.split('/')[0]}` : '';
          targets.push({ entry: resourceOf(entries, `${item.kind}${group}`), namespace: item.metadata.namespace ?? api.namespace, name: item.metadata.name! });
        }
      }
    }
    if (positionals.length > 0) {
      const slashed = positionals.every((word) => word.includes('/'));
      const pairs = slashed
        ? positionals.map((word) => word.split('/', 2) as [string, string])
        : positionals.slice(1).flatMap((name) => positionals[0]!.split(',').map((type) => [type, name] as [string, string]));
      for (const [type, name] of pairs) targets.push({ entry: resourceOf(entries, type), namespace: api.namespace, name });
      if (pairs.length === 0) {
        if (!values.all && values.selector === undefined) throw new Error('resource(s) were provided, but no name, label selector, or --all flag specified');
        for (const type of positionals[0]!.split(',')) {
          const entry = resourceOf(entries, type);
          const found = await api.list<KubeObject>(pathOf(entry, api.namespace), values.selector === undefined ? {} : { labelSelector: values.selector });
          for (const object of found) targets.push({ entry, namespace: api.namespace, name: object.metadata.name! });
        }
      }
    }
    for (const target of targets) {
      try {
        await stop(api, target.entry, pathOf(target.entry, target.namespace, target.name), grace < 0 ? undefined : grace, timeoutMs);
      } catch (error) {
        if (values['ignore-not-found'] && isNotFound(error)) continue;
        throw error;
      }
      process.stdout.write(values.output === 'name' ? `${target.entry.singular}/${target.name}\n` : `${target.entry.singular} ${JSON.stringify(target.name)} stopped\n`);
    }
  } finally {
    await api.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
