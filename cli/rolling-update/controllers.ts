/** Replication controllers as the update sees them: reads, and writes that win against other writers. */
import type { ReplicationController } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from '../api/client.ts';

export type Rc = ReplicationController;

const PREFIX = 'kubectl.kubernetes.io/';
export const SOURCE_ID = `${PREFIX}update-source-id`;
export const DESIRED_REPLICAS = `${PREFIX}desired-replicas`;
export const ORIGINAL_REPLICAS = `${PREFIX}original-replicas`;
export const NEXT_CONTROLLER_ID = `${PREFIX}next-controller-id`;

/** Writes are tried again this often, for this long, when another writer came first. */
const RETRY_MS = 10;
const RETRY_LIMIT_MS = 60_000;

export interface Controllers {
  get(name: string): Promise<Rc>;
  find(name: string): Promise<Rc | undefined>;
  list(): Promise<Rc[]>;
  create(rc: Rc): Promise<Rc>;
  /** Reads, changes, writes; again when somebody else wrote in between. */
  change(name: string, change: (rc: Rc) => void): Promise<Rc>;
  /** Removes the controller and leaves its pods. */
  delete(name: string): Promise<void>;
  /** Sets the replicas and waits until the status says so. */
  scale(name: string, replicas: number, pollMs: number, timeoutMs: number): Promise<Rc>;
}

export const replicas = (rc: Rc): number => rc.spec?.replicas ?? 1;
export const annotation = (rc: Rc, key: string): string | undefined => rc.metadata.annotations?.[key];

export function annotate(rc: Rc, key: string, value: string): void {
  rc.metadata.annotations = { ...rc.metadata.annotations, [key]: value };
}

export const settled = (rc: Rc): boolean => (rc.status?.observedGeneration ?? 0) >= (rc.metadata.generation ?? 0) && (rc.status?.replicas ?? 0) === replicas(rc);

export function controllers(api: ApiClient): Controllers {
  const base = `/api/v1/namespaces/${encodeURIComponent(api.namespace)}/replicationcontrollers`;
  const at = (name: string): string => `${base}/${encodeURIComponent(name)}`;
  const find = async (name: string): Promise<Rc | undefined> => {
    try {
      return await api.get<Rc>(at(name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  async function change(name: string, edit: (rc: Rc) => void): Promise<Rc> {
    for (const until = Date.now() + RETRY_LIMIT_MS; ;) {
      const rc = await api.get<Rc>(at(name));
      edit(rc);
      try {
        return await api.put<Rc>(at(name), rc);
      } catch (error) {
        if (!isConflict(error) || Date.now() > until) throw error;
        await wait(RETRY_MS);
      }
    }
  }
  return {
    get: (name) => api.get<Rc>(at(name)),
    find,
    list: () => api.list<Rc>(base),
    create: (rc) => api.post<Rc>(base, rc),
    change,
    async delete(name) {
      await api.delete(at(name), { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Orphan' });
      while ((await find(name)) !== undefined) await wait(RETRY_MS * 10);
    },
    async scale(name, count, pollMs, timeoutMs) {
      let rc = await change(name, (current) => {
        current.spec = { ...current.spec, replicas: count };
      });
      for (const until = Date.now() + timeoutMs; !settled(rc); rc = await api.get<Rc>(at(name))) {
        if (Date.now() > until) throw new Error(`timed out waiting for ${JSON.stringify(name)} to be scaled to ${count}`);
        await wait(Math.min(pollMs, 500));
      }
      return rc;
    },
  };
}
