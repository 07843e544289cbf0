/** The folders of volumes that the cluster makes for itself: in its data directory, on the machine that all its nodes share. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPathVolumes } from '#controllers/host-path-provisioner/controller.ts';

/** What the provisioner names its volumes: nothing else is ever removed. */
const NAME = /^pvc-[0-9a-f-]{36}$/;

export function localVolumes(directory: string): HostPathVolumes {
  return {
    path: (volume) => join(directory, volume),
    async remove(path) {
      const name = path.slice(directory.length + 1);
      if (path !== join(directory, name) || !NAME.test(name)) throw new Error(`${path} is no folder of a volume`);
      await rm(path, { recursive: true, force: true });
    },
  };
}
