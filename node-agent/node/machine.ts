/** What the machine is, for the node's status. */
import { readFileSync, statfsSync } from 'node:fs';

export interface Machine {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly osImage: string;
}

const text = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

export function readMachine(): Machine {
  const machineID = text('/etc/machine-id') || text('/var/lib/dbus/machine-id');
  return {
    machineID,
    systemUUID: text('/sys/class/dmi/id/product_uuid') || machineID,
    bootID: text('/proc/sys/kernel/random/boot_id'),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(text('/etc/os-release'))?.[1] ?? 'Linux',
  };
}

/** Below these the node says that it is under pressure. */
const LEAST_MEMORY_BYTES = 100 * 1024 * 1024;
const LEAST_DISK_BYTES = 1024 * 1024 * 1024;
const LEAST_PIDS_SHARE = 0.02;

export interface Pressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pids: boolean;
}

export function readPressure(stateDir: string): Pressure {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(text('/proc/meminfo'))?.[1];
  let disk = false;
  try {
    const { bavail, bsize } = statfsSync(stateDir);
    disk = bavail * bsize < LEAST_DISK_BYTES;
  } catch {
    // Not there yet.
  }
  const used = Number(/\/(\d+) /.exec(text('/proc/loadavg'))?.[1] ?? 0);
  const most = Number(text('/proc/sys/kernel/pid_max'));
  return { memory: available !== undefined && Number(available) * 1024 < LEAST_MEMORY_BYTES, disk, pids: most > 0 && most - used < most * LEAST_PIDS_SHARE };
}

export function diskBytes(stateDir: string): number {
  try {
    const { blocks, bsize } = statfsSync(stateDir);
    return blocks * bsize;
  } catch {
    return 0;
  }
}
