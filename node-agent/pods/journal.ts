/**
 * The pods this node has taken on, on disk: with it an agent that starts while the cluster is away goes on with its pods (restarts,
 * probes), and what is left of pods that vanished meanwhile is known by name.
 */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from './pod.ts';

export interface PodJournal {
  save(pod: Pod): Promise<void>;
  load(): Promise<readonly Pod[]>;
  remove(uid: string): Promise<void>;
}

export const noJournal: PodJournal = { save: () => Promise.resolve(), load: () => Promise.resolve([]), remove: () => Promise.resolve() };

const UID = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

export const isUid = (text: string): boolean => UID.test(text);

/** The folder of one pod; uids come from the API server and are still not trusted as paths. */
export function podDir(podsDir: string, uid: string): string {
  if (!isUid(uid)) throw new Error(`not a uid: ${JSON.stringify(uid)}`);
  return path.join(podsDir, uid);
}

/** A folder with something mounted in it must not be removed as a tree: that would empty what is mounted. */
export async function hasMounts(directory: string, mountInfo: () => Promise<string> = () => readFile('/proc/self/mountinfo', 'utf8')): Promise<boolean> {
  const prefix = `${directory}/`;
  return (await mountInfo()).split('\n').some((line) => {
    const point = (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    return point === directory || point.startsWith(prefix);
  });
}

export function createPodJournal(podsDir: string): PodJournal {
  let serial = 0;
  return {
    async save(pod) {
      const directory = podDir(podsDir, pod.metadata.uid);
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const { managedFields: _unneeded, ...metadata } = pod.metadata;
      const temporary = path.join(directory, `.pod.json.${serial++}`);
      await writeFile(temporary, JSON.stringify({ ...pod, metadata }), { mode: 0o600 });
      await rename(temporary, path.join(directory, 'pod.json'));
    },
    async load() {
      const names = await readdir(podsDir).catch(() => [] as string[]);
      const pods = await Promise.all(
        names.map(async (name) => {
          try {
            return JSON.parse(await readFile(path.join(podsDir, name, 'pod.json'), 'utf8')) as Pod;
          } catch {
            // Half a write at a power cut, or not a pod's folder: what Docker runs is still found by label.
            return undefined;
          }
        }),
      );
      return pods.filter((pod) => pod !== undefined);
    },
    async remove(uid) {
      const directory = podDir(podsDir, uid);
      if (await hasMounts(directory)) throw new Error(`something is still mounted in ${directory}`);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
