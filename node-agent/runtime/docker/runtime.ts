/** ContainerRuntime on the Docker Engine, 20.10 (API 1.41) or newer. */
import { readFileSync } from 'node:fs';
import type { ContainerRuntime, ContainerSpec, ContainerState, ContainerStats } from '../port.ts';
import { RuntimeRefused, RuntimeUnsupported, isGone } from '../errors.ts';
import { openDockerClient, type CallObserver, type DockerClient } from './client.ts';
import { DEADLINE } from './deadlines.ts';
import { followEvents } from './events.ts';
import { attachTo, execIn, readLogs } from './exec.ts';
import { findImage, importTar, pullImage } from './images.ts';
import { oomScoreFloor } from './oom.ts';
import { createBody, imageState, inspectedState, listedState, resourceBody, type CreateLimits, type DockerImage, type DockerInspected, type DockerListed } from './spec.ts';

/** 20.10, the oldest engine that distributions still ship. */
const OLDEST_API = [1, 41] as const;

export interface DockerRuntimeOptions {
  readonly socketPath: string;
  readonly random: () => number;
  readonly observe?: CallObserver;
}

export type DockerRuntime = ContainerRuntime & { close(): void };

const parts = (version: string): readonly [number, number] => {
  const [major = '0', minor = '0'] = version.split('.');
  return [Number(major), Number(minor)];
};
const older = (a: readonly [number, number], b: readonly [number, number]): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

interface DockerVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Arch: string;
  readonly Os: string;
  readonly KernelVersion: string;
}

function apparmorEnabled(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}

export function openDockerRuntime(options: DockerRuntimeOptions): DockerRuntime {
  let prefix = '';
  const client: DockerClient = openDockerClient(options.socketPath, () => prefix, options.observe);
  const limits: CreateLimits = { oomScoreFloor: oomScoreFloor(), apparmor: apparmorEnabled(), logMaxSize: '10m', logMaxFiles: 5 };

  let negotiating: Promise<DockerVersion> | undefined;
  async function negotiate(): Promise<DockerVersion> {
    const found = await client.json<DockerVersion>({ method: 'GET', path: '/version', deadline: DEADLINE.version });
    if (older(parts(found.ApiVersion), OLDEST_API))
      throw new RuntimeUnsupported(`Docker ${found.Version} (API ${found.ApiVersion}) is too old: 20.10 (API ${OLDEST_API.join('.')}) or newer is needed`);
    const least = found.MinAPIVersion === undefined ? OLDEST_API : parts(found.MinAPIVersion);
    prefix = `/v${(older(OLDEST_API, least) ? least : OLDEST_API).join('.')}`;
    return found;
  }
  /** Once per connection to an engine; asked again after a failure. */
  const ready = (): Promise<DockerVersion> =>
    (negotiating ??= negotiate().catch((error: unknown) => {
      negotiating = undefined;
      throw error;
    }));

  async function inspect(id: string): Promise<ContainerState | undefined> {
    await ready();
    try {
      return inspectedState(await client.json<DockerInspected>({ method: 'GET', path: `/containers/${id}/json`, deadline: DEADLINE.inspect }));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  const post = (spec: ContainerSpec): Promise<{ Id: string }> =>
    client.json<{ Id: string }>({ method: 'POST', path: '/containers/create', query: { name: spec.name }, body: createBody(spec, limits), deadline: DEADLINE.create });

  async function remove(id: string): Promise<void> {
    await ready();
    try {
      await client.json({ method: 'DELETE', path: `/containers/${id}`, query: { force: 1, v: 1 }, deadline: DEADLINE.remove });
    } catch (error) {
      // 409: Docker removes it already.
      if (!(error instanceof RuntimeRefused && (error.status === 404 || error.status === 409))) throw error;
    }
  }

  /** The name is taken: by our own earlier try whose answer was lost (adopt it), or by what is left of another (remove it). */
  async function create(spec: ContainerSpec): Promise<string> {
    await ready();
    try {
      return (await post(spec)).Id;
    } catch (error) {
      if (!(error instanceof RuntimeRefused) || error.status !== 409) throw error;
      const holder = await inspect(spec.name);
      const ours = holder !== undefined && holder.phase === 'created' && Object.entries(spec.labels).every(([name, value]) => holder.labels[name] === value);
      if (ours) return holder.id;
      if (holder !== undefined) await remove(holder.id);
      return (await post(spec)).Id;
    }
  }

  return {
    async ping() {
      const answer = await client.open({ method: 'GET', path: '/_ping', deadline: DEADLINE.ping });
      answer.resume();
    },
    async version() {
      const found = await ready();
      const info = await client.json<{ NCPU: number; MemTotal: number; OperatingSystem: string }>({ method: 'GET', path: '/info', deadline: DEADLINE.version });
      return {
        name: 'docker',
        version: found.Version,
        apiVersion: found.ApiVersion,
        kernel: found.KernelVersion,
        os: info.OperatingSystem,
        architecture: found.Arch,
        cpus: info.NCPU,
        memoryBytes: info.MemTotal,
      };
    },
    async list(labels) {
      await ready();
      const filters = JSON.stringify({ label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) });
      const found = await client.json<DockerListed[]>({ method: 'GET', path: '/containers/json', query: { all: 1, filters }, deadline: DEADLINE.list });
      return found.map(listedState);
    },
    inspect,
    create,
    async start(id) {
      await ready();
      // 304: it runs already; Docker then answers without a body.
      await client.json({ method: 'POST', path: `/containers/${id}/start`, deadline: DEADLINE.start });
    },
    async stop(id, graceSeconds) {
      await ready();
      try {
        if (graceSeconds <= 0) await client.json({ method: 'POST', path: `/containers/${id}/kill`, deadline: DEADLINE.stop });
        else await client.json({ method: 'POST', path: `/containers/${id}/stop`, query: { t: Math.ceil(graceSeconds) }, deadline: DEADLINE.stop + graceSeconds * 1000 });
      } catch (error) {
        // 404: gone; 409: not running.
        if (!(error instanceof RuntimeRefused && (error.status === 404 || error.status === 409))) throw error;
      }
    },
    remove,
    async update(id, resources) {
      await ready();
      const { OomScoreAdj: _fixed, ...body } = resourceBody(resources, limits);
      await client.json({ method: 'POST', path: `/containers/${id}/update`, body, deadline: DEADLINE.update });
    },
    exec: async (id, execOptions) => {
      await ready();
      return execIn(client, id, execOptions);
    },
    attach: async (id, attachOptions) => {
      await ready();
      return attachTo(client, id, attachOptions);
    },
    logs: async (id, logOptions) => {
      await ready();
      return readLogs(client, id, logOptions);
    },
    async stats(ids) {
      await ready();
      const found = new Map<string, ContainerStats>();
      await Promise.all(
        ids.map(async (id) => {
          const stats = await client
            .json<DockerStats>({ method: 'GET', path: `/containers/${id}/stats`, query: { stream: 0, 'one-shot': 1 }, deadline: DEADLINE.stats })
            .catch((error: unknown) => {
              if (error instanceof RuntimeRefused) return undefined;
              throw error;
            });
          const usage = stats?.memory_stats.usage;
          if (stats === undefined || usage === undefined) return;
          const inactive = stats.memory_stats.stats?.total_inactive_file ?? stats.memory_stats.stats?.inactive_file ?? 0;
          found.set(id, {
            cpuNanoseconds: stats.cpu_stats.cpu_usage.total_usage,
            memoryUsageBytes: usage,
            memoryWorkingSetBytes: Math.max(0, usage - inactive),
            at: stats.read,
          });
        }),
      );
      return found;
    },
    async writtenBytes(ids) {
      if (ids.length === 0) return new Map();
      await ready();
      const found = await client.json<readonly { readonly Id: string; readonly SizeRw?: number }[]>({
        method: 'GET',
        path: '/containers/json',
        query: { size: 1, filters: JSON.stringify({ id: ids }) },
        deadline: DEADLINE.list,
      });
      return new Map(found.map(({ Id, SizeRw }) => [Id, SizeRw ?? 0]));
    },
    image: async (name) => {
      await ready();
      return findImage(client, name);
    },
    async images() {
      await ready();
      return (await client.json<DockerImage[]>({ method: 'GET', path: '/images/json', deadline: DEADLINE.list })).map(imageState);
    },
    pull: async (name, auth) => {
      await ready();
      return pullImage(client, name, auth);
    },
    async removeImage(id) {
      await ready();
      await client.json({ method: 'DELETE', path: `/images/${encodeURIComponent(id)}`, deadline: DEADLINE.remove }).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
    },
    importImage: async (name, layer, config) => {
      await ready();
      return importTar(client, name, layer, config);
    },
    events: (labels, listener, signal) => followEvents(client, labels, listener, signal, options.random),
    close: () => client.close(),
  };
}

interface DockerStats {
  readonly read: string;
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  /** cgroup v1 counts `total_inactive_file`, v2 `inactive_file`. */
  readonly memory_stats: { readonly usage?: number; readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number } };
}
