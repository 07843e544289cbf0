/** A real Docker for tests, with an image of this machine's busybox; absent where there is none, which is said loudly. */
import { existsSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { PAUSE_IMAGE, pauseLayer } from '../runtime/docker/pause.ts';
import { openDockerRuntime, type DockerRuntime } from '../runtime/docker/runtime.ts';
import { tarFile } from '../runtime/docker/tar.ts';

const SOCKET = '/var/run/docker.sock';
const BUSYBOX = '/bin/busybox';
export const BUSYBOX_IMAGE = 'paperplane/test-busybox:1';

async function find(): Promise<DockerRuntime | undefined> {
  if (!existsSync(SOCKET) || !existsSync(BUSYBOX) || process.getuid?.() !== 0) return undefined;
  const runtime = openDockerRuntime({ socketPath: SOCKET, random: Math.random });
  try {
    await runtime.ping();
    return runtime;
  } catch {
    runtime.close();
    return undefined;
  }
}

export const docker = await find();
if (docker === undefined) console.warn(`SKIPPED: tests that need Docker at ${SOCKET}, ${BUSYBOX} and root`);

/** Both images these tests need. */
export async function ensureTestImages(runtime: DockerRuntime): Promise<void> {
  if ((await runtime.image(PAUSE_IMAGE)) === undefined) await runtime.importImage(PAUSE_IMAGE, pauseLayer(process.arch === 'arm64' ? 'arm64' : 'x64'), { entrypoint: ['/pause'] });
  if ((await runtime.image(BUSYBOX_IMAGE)) === undefined)
    await runtime.importImage(BUSYBOX_IMAGE, tarFile('bin/busybox', 0o755, readFileSync(BUSYBOX)), { entrypoint: ['/bin/busybox'] });
}

export const testLabel = (): string => `test-${randomUUID()}`;
