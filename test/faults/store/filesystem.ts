/** Filesystems that a test may break. They need root and loop devices, which small containers do not have. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function attempt(command: string, args: readonly string[]): ReturnType<typeof spawnSync> {
  return spawnSync(command, args, { encoding: 'utf8' });
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = attempt(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? String(stderr)}`);
}

export interface TestFilesystem {
  readonly path: string;
  remove(): void;
}

export interface LoopFilesystem extends TestFilesystem {
  /** All that is not on the disk yet is gone, the journal's memory too, and nothing can be written any more. */
  cutPower(): void;
  /** Takes the dead filesystem away and mounts what the disk has. */
  mountAgain(): void;
}

/**
 * `FS_IOC_SHUTDOWN` with `NOLOGFLUSH` (linux/fs.h). Node.js has no ioctl; perl is part of every Debian.
 * It is no power cut for what is under way in that moment: an fdatasync that it meets may return success for bytes that will not be there. A program
 * that only appends 4 KiB, calls fdatasync and says so is told a falsehood in 2 of 60 cuts (Linux 6.18, ext4), always about the write under way, never
 * about one acknowledged before. With the power gone nobody would have heard that answer: what counts is what was said before the cut.
 */
const CUT = 'open(my $f, "<", $ARGV[0]) or die "open: $!"; my $flags = pack("L", 2); ioctl($f, 0x8004587d, $flags) or die "ioctl: $!";';

export function loopFilesystem(megabytes: number): LoopFilesystem {
  const folder = mkdtempSync(join(tmpdir(), 'store-disk-'));
  const image = join(folder, 'image');
  const path = join(folder, 'mount');
  mkdirSync(path);
  const disks = [image];
  let cuts = 0;
  const remove = (): void => {
    attempt('umount', [path]);
    rmSync(folder, { recursive: true });
  };
  try {
    writeFileSync(image, '');
    truncateSync(image, megabytes << 20);
    run('mkfs.ext4', '-q', '-F', image);
    run('mount', '-o', 'loop', image, path);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    path,
    cutPower: () => run('perl', '-e', CUT, path),
    mountAgain: () => {
      run('umount', path);
      // a copy: whoever made a mount namespace meanwhile (a container's start does) keeps the dead filesystem, and its loop device would be used again
      const disk = `${image}-${++cuts}`;
      run('cp', '--sparse=always', disks.at(-1)!, disk);
      rmSync(disks.at(-1)!);
      disks.push(disk);
      run('mount', '-o', 'loop', disk, path);
    },
    remove,
  };
}

export function smallFilesystem(megabytes: number): TestFilesystem {
  const path = mkdtempSync(join(tmpdir(), 'store-small-'));
  const remove = (): void => {
    attempt('umount', [path]);
    rmSync(path, { recursive: true });
  };
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path);
  } catch (error) {
    remove();
    throw error;
  }
  return { path, remove };
}

/** Why the test cannot run here; undefined where it can. Says so, because a skipped test of durability is easily overlooked. */
export function unavailable(what: string, make: () => TestFilesystem): string | undefined {
  try {
    make().remove();
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`SKIPPED: ${what} (${reason.trim()})`);
    return reason;
  }
}
