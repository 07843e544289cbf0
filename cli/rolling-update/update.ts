/** Moves replicas from the old controller to the new one, one more than the original at a time, never fewer ready than the original. */
import type { Pod } from '#kinds/generated/types.ts';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from '../api/client.ts';
import { annotate, annotation, type Controllers, DESIRED_REPLICAS, ORIGINAL_REPLICAS, type Rc, replicas, settled, SOURCE_ID } from './controllers.ts';

/** Hard-wired in the command as it was. */
const MAX_SURGE = 1;
const MAX_UNAVAILABLE = 0;

export interface UpdateConfig {
  readonly oldRc: Rc;
  readonly newRc: Rc;
  readonly cleanup: 'Delete' | 'Rename';
  readonly updatePeriodMs: number;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
}

function count(rc: Rc, key: string): number {
  const text = annotation(rc, key);
  if (text === undefined || !/^\d+$/.test(text)) throw new Error(`Unable to parse annotation for ${rc.metadata.name}: ${key}=${text ?? ''}`);
  return Number(text);
}

/** The target of an earlier, interrupted update, or a new one without replicas. */
async function target(rcs: Controllers, newRc: Rc, sourceId: string, print: (line: string) => void): Promise<Rc> {
  const existing = await rcs.find(newRc.metadata.name!);
  if (existing !== undefined) {
    if (annotation(existing, SOURCE_ID) !== sourceId || annotation(existing, DESIRED_REPLICAS) === undefined) {
      throw new Error(`Missing/unexpected annotations for controller ${existing.metadata.name}, expected ${sourceId} : ${JSON.stringify(existing.metadata.annotations ?? {})}`);
    }
    print(`Continuing update with existing controller ${existing.metadata.name}.`);
    return existing;
  }
  if (replicas(newRc) <= 0) throw new Error(`Invalid controller spec for ${newRc.metadata.name}; required: > 0 replicas, actual: ${replicas(newRc)}`);
  const rc = structuredClone(newRc);
  annotate(rc, DESIRED_REPLICAS, String(replicas(newRc)));
  annotate(rc, SOURCE_ID, sourceId);
  rc.spec = { ...rc.spec, replicas: 0 };
  delete rc.metadata.resourceVersion;
  delete rc.metadata.uid;
  const created = await rcs.create(rc);
  print(`Created ${created.metadata.name}`);
  return created;
}

export async function update(
  api: ApiClient,
  rcs: Controllers,
  config: UpdateConfig,
  print: (line: string) => void,
  rename: (from: Rc, to: string) => Promise<void>,
): Promise<void> {
  const { pollIntervalMs, timeoutMs, updatePeriodMs } = config;
  let newRc = await target(rcs, config.newRc, `${config.oldRc.metadata.name}:${config.oldRc.metadata.uid}`, print);
  const desired = count(newRc, DESIRED_REPLICAS);
  let oldRc = config.oldRc;
  if (annotation(oldRc, ORIGINAL_REPLICAS) === undefined) oldRc = await rcs.change(oldRc.metadata.name!, (rc) => annotate(rc, ORIGINAL_REPLICAS, String(replicas(rc))));
  const original = count(oldRc, ORIGINAL_REPLICAS);
  const [oldName, newName] = [oldRc.metadata.name!, newRc.metadata.name!];
  const minAvailable = original - MAX_UNAVAILABLE;
  print(
    `Scaling up ${newName} from ${replicas(newRc)} to ${desired}, scaling down ${oldName} from ${replicas(oldRc)} to 0 (keep ${minAvailable} pods available, don't exceed ${original + MAX_SURGE} pods)`,
  );

  const ready = async (rc: Rc): Promise<number> => {
    const pods = await api.list<Pod>(`/api/v1/namespaces/${encodeURIComponent(api.namespace)}/pods`, {
      labelSelector: Object.entries(rc.spec?.selector ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    });
    return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')).length;
  };

  async function scaleUp(): Promise<void> {
    if (replicas(newRc) === desired) return;
    const room = replicas(oldRc) === 0 ? desired : original + MAX_SURGE - (replicas(oldRc) + replicas(newRc));
    if (room <= 0) return;
    const next = Math.min(desired, replicas(oldRc) === 0 ? desired : replicas(newRc) + room);
    print(`Scaling ${newName} up to ${next}`);
    newRc = await rcs.scale(newName, next, pollIntervalMs, timeoutMs);
  }

  async function scaleDown(): Promise<void> {
    if (replicas(oldRc) === 0) return;
    let [oldReady, newReady] = [0, 0];
    for (const until = Date.now() + timeoutMs; ;) {
      [oldReady, newReady] = await Promise.all([ready(oldRc), ready(newRc)]);
      if (oldReady + newReady > 0 || Date.now() > until) break;
      await wait(pollIntervalMs);
    }
    const spare = oldReady + newReady - minAvailable;
    const next = replicas(newRc) === desired && newReady === desired ? 0 : Math.max(0, replicas(oldRc) - Math.max(0, spare));
    if (next === replicas(oldRc)) return;
    print(`Scaling ${oldName} down to ${next}`);
    oldRc = await rcs.scale(oldName, next, pollIntervalMs, timeoutMs);
  }

  let deadline = Date.now() + timeoutMs;
  while (replicas(newRc) !== desired || replicas(oldRc) !== 0) {
    const before = [replicas(newRc), replicas(oldRc)];
    await scaleUp();
    await wait(updatePeriodMs);
    await scaleDown();
    if (before[0] !== replicas(newRc) || before[1] !== replicas(oldRc)) deadline = Date.now() + timeoutMs;
    else if (Date.now() > deadline) throw new Error('timed out waiting for any update progress to be made');
  }

  newRc = await rcs.change(newName, (rc) => {
    delete rc.metadata.annotations?.[SOURCE_ID];
    delete rc.metadata.annotations?.[DESIRED_REPLICAS];
  });
  for (const until = Date.now() + timeoutMs; !settled(newRc); newRc = await rcs.get(newName)) {
    if (Date.now() > until) throw new Error(`timed out waiting for ${newName} to reach ${desired} replicas`);
    await wait(pollIntervalMs);
  }
  switch (config.cleanup) {
    case 'Delete':
      print(`Update succeeded. Deleting ${oldName}`);
      await rcs.delete(oldName);
      return;
    case 'Rename':
      print(`Update succeeded. Deleting old controller: ${oldName}`);
      await rcs.delete(oldName);
      print(`Renaming ${newName} to ${oldName}`);
      await rename(newRc, oldName);
  }
}
