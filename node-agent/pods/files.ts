/** The small files of a pod on the host: hosts, resolv.conf, and where containers write their last words. */
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Mount } from '../runtime/port.ts';
import { hostsFile, resolvConf } from './dns.ts';
import { LABEL } from './labels.ts';
import type { Container, Pod } from './pod.ts';

/** The kubelet's limits on a message, of a file and of a log's tail. */
export const MESSAGE_BYTES = 4096;
export const LOG_MESSAGE_BYTES = 2048;
export const LOG_MESSAGE_LINES = 80;

export interface PodFiles {
  /** Puts the files there, so that containers can be made that mount them. */
  prepare(pod: Pod): Promise<void>;
  /** Fills in what depends on the pod's address. */
  addressed(pod: Pod, ips: readonly string[]): Promise<void>;
  mounts(pod: Pod, container: Container, attempt: number, taken: ReadonlySet<string>): Promise<readonly Mount[]>;
  /** What the container left at its termination message path. */
  terminationMessage(podUid: string, container: string, attempt: number): Promise<string>;
  forgetAttempt(podUid: string, container: string, attempt: number): Promise<void>;
}

export const noFiles: PodFiles = {
  prepare: () => Promise.resolve(),
  addressed: () => Promise.resolve(),
  mounts: () => Promise.resolve([]),
  terminationMessage: () => Promise.resolve(''),
  forgetAttempt: () => Promise.resolve(),
};

export interface FileSettings {
  /** Holds a folder for each pod's uid. */
  readonly podsDir: string;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly resolvConfFile: string;
}

const orEmpty = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

export function createPodFiles(settings: FileSettings): PodFiles {
  const at = (pod: Pod, name: string): string => path.join(settings.podsDir, pod.metadata.uid, name);
  const messageFile = (uid: string, container: string, attempt: number): string => path.join(settings.podsDir, uid, 'containers', container, String(attempt));
  return {
    async prepare(pod) {
      await mkdir(path.join(settings.podsDir, pod.metadata.uid), { recursive: true, mode: 0o750 });
      const hostResolvConf = await orEmpty(settings.resolvConfFile);
      await writeFile(at(pod, 'resolv.conf'), resolvConf(pod, { clusterDNS: settings.clusterDNS, clusterDomain: settings.clusterDomain, hostResolvConf }), { mode: 0o644 });
      await writeFile(at(pod, 'etc-hosts'), hostsFile(pod, [], settings.clusterDomain, pod.spec.hostNetwork === true ? await orEmpty('/etc/hosts') : ''), { mode: 0o644 });
    },
    async addressed(pod, ips) {
      // In place: containers have this very file mounted, and a new one under the name would not reach them.
      if (pod.spec.hostNetwork !== true) await writeFile(at(pod, 'etc-hosts'), hostsFile(pod, ips, settings.clusterDomain, ''));
    },
    async mounts(pod, container, attempt, taken) {
      const mounts: Mount[] = [];
      if (!taken.has('/etc/hosts')) mounts.push({ hostPath: at(pod, 'etc-hosts'), containerPath: '/etc/hosts', readOnly: false });
      if (!taken.has('/etc/resolv.conf')) mounts.push({ hostPath: at(pod, 'resolv.conf'), containerPath: '/etc/resolv.conf', readOnly: false });
      const target = container.terminationMessagePath ?? '/dev/termination-log';
      if (target !== '' && !taken.has(target)) {
        const file = messageFile(pod.metadata.uid, container.name, attempt);
        await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
        // Any user of the container may write its last words.
        const handle = await open(file, 'w', 0o666);
        await handle.chmod(0o666);
        await handle.close();
        mounts.push({ hostPath: file, containerPath: target, readOnly: false });
      }
      return mounts;
    },
    async terminationMessage(podUid, container, attempt) {
      let handle;
      try {
        handle = await open(messageFile(podUid, container, attempt), 'r');
        const buffer = Buffer.alloc(MESSAGE_BYTES);
        const { bytesRead } = await handle.read(buffer, 0, MESSAGE_BYTES, 0);
        return buffer.toString('utf8', 0, bytesRead);
      } catch {
        return '';
      } finally {
        await handle?.close();
      }
    },
    forgetAttempt: (podUid, container, attempt) => rm(messageFile(podUid, container, attempt), { force: true }),
  };
}

/** Whether a dead container's log stands in for a message it did not leave. */
export const fallsBackToLog = (labels: Readonly<Record<string, string>>): boolean => labels[LABEL.terminationMessagePolicy] === 'FallbackToLogsOnError';
