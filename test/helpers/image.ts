/** A tiny image out of Debian's busybox-static: no registry is asked. A change of what is in it needs another tag. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#infra/tools/tools.ts';

export const TEST_IMAGE = 'paperplane/busybox:1';
const BUSYBOX = '/bin/busybox';

/** Installs busybox-static where it may; `undefined` when all is there, else why not. `env`: which engine gets it. */
export async function ensureTestImage(env: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'real nodes need root';
  if (!existsSync(BUSYBOX)) {
    const install = (): ReturnType<typeof run> => run('apt-get', ['install', '-y', '--no-install-recommends', 'busybox-static'], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
    if ((await install()).code !== 0) {
      await run('apt-get', ['update']);
      if ((await install()).code !== 0) return 'busybox-static could not be installed';
    }
  }
  if ((await run('docker', ['image', 'inspect', TEST_IMAGE], { env })).code === 0) return undefined;
  const root = mkdtempSync(join(tmpdir(), 'paperplane-image-'));
  try {
    for (const folder of ['bin', 'tmp', 'etc']) mkdirSync(join(root, folder));
    copyFileSync(BUSYBOX, join(root, 'bin', 'busybox'));
    chmodSync(join(root, 'bin', 'busybox'), 0o755);
    for (const applet of (await run(BUSYBOX, ['--list'])).stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')) symlinkSync('busybox', join(root, 'bin', applet));
    const tar = join(root, '..', `${root.split('/').at(-1)}.tar`);
    const packed = await run('tar', ['-C', root, '-cf', tar, 'bin', 'tmp', 'etc']);
    const imported = packed.code === 0 ? await run('docker', ['import', '--change', 'ENV PATH=/bin', tar, TEST_IMAGE], { env }) : packed;
    rmSync(tar, { force: true });
    return imported.code === 0 ? undefined : `the test image could not be made: ${imported.stderr}`;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
