/** What the machine, or one node's share of it, uses: read off the kernel. */
import { readFileSync, statfsSync } from 'node:fs';

export interface DiskFigures {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface NetworkFigures {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

interface Use {
  readonly cpuNanoseconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
}

export interface MachineFigures {
  /** RFC 3339. */
  readonly startedAt: string;
  /** `pods`: what all pods of the node use together. */
  whole(pods: Use): Use & { readonly memoryAvailableBytes: number };
  disk(): DiskFigures;
  /** The first interface but the loopback in the namespace of a process. */
  network(pid: number | 'self'): NetworkFigures | undefined;
}

/** USER_HZ: what the kernel counts processor time in, on every architecture that Node.js runs on. */
const TICK_NS = 1e7;

const text = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A process that ended meanwhile.
    return '';
  }
};

/** Nanoseconds that the processors worked, from `/proc/stat` (proc(5): user, nice, system, idle, iowait, irq, softirq, steal). */
export function cpuOf(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  return (user + nice + system + irq + softirq) * TICK_NS;
}

/** Bytes of a line of `/proc/meminfo`. */
const memory = (meminfo: string, name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;

/** From `/proc/PID/net/dev` (proc(5): 8 columns received, 8 sent). */
export function networkOf(dev: string): NetworkFigures | undefined {
  for (const line of dev.split('\n')) {
    const [, name, rest] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined || name === 'lo') continue;
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = rest.trim().split(/\s+/).map(Number);
    return { name, rxBytes, rxErrors, txBytes, txErrors };
  }
  return undefined;
}

/** `shared`: several nodes live on this machine, and a node is its pods and its agent. */
export function machineFigures(options: { readonly stateDir: string; readonly shared: boolean; readonly memoryBytes: number; readonly nowMs: number }): MachineFigures {
  const { stateDir, shared } = options;
  const upSeconds = shared ? process.uptime() : Number(text('/proc/uptime').split(' ')[0] ?? 0);
  return {
    startedAt: new Date(options.nowMs - upSeconds * 1000).toISOString(),
    whole(pods) {
      if (shared) {
        const { user, system } = process.cpuUsage();
        const own = process.memoryUsage.rss();
        const memoryWorkingSetBytes = pods.memoryWorkingSetBytes + own;
        return {
          cpuNanoseconds: pods.cpuNanoseconds + (user + system) * 1000,
          memoryUsageBytes: pods.memoryUsageBytes + own,
          memoryWorkingSetBytes,
          memoryAvailableBytes: Math.max(0, options.memoryBytes - memoryWorkingSetBytes),
        };
      }
      const meminfo = text('/proc/meminfo');
      const [total, free, available] = ['MemTotal', 'MemFree', 'MemAvailable'].map((name) => memory(meminfo, name)) as [number, number, number];
      return { cpuNanoseconds: cpuOf(text('/proc/stat')), memoryUsageBytes: total - free, memoryWorkingSetBytes: total - available, memoryAvailableBytes: available };
    },
    disk() {
      const { blocks, bavail, bfree, bsize, files, ffree } = statfsSync(stateDir);
      return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, usedBytes: (blocks - bfree) * bsize, inodes: files, inodesFree: ffree };
    },
    network: (pid) => networkOf(text(`/proc/${pid}/net/dev`)),
  };
}
