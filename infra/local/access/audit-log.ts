/** The audit log on disk: one event a line, the file begun anew when it is full, a few old ones kept. */
import type { AuditEvent } from '#apiserver/audit/event.ts';
import { closeSync, existsSync, fstatSync, openSync, renameSync, write as writeBytes } from 'node:fs';

/** As kube-apiserver's `--audit-log-maxsize` is set by kubeadm's users most: bytes of one file, and files kept besides it. */
const MAX_SIZE = 100 * 1024 * 1024;
const BACKUPS = 5;
/** What waits for the disk; past this events are dropped and told of, rather than memory filled. Bytes. */
const MAX_WAITING = 64 * 1024 * 1024;

export interface AuditLog {
  readonly write: (event: AuditEvent) => void;
  close(): Promise<void>;
}

export function auditLog(file: string, onError: (error: unknown) => void, maxSize = MAX_SIZE): AuditLog {
  // secrets may be in bodies
  const open = (): number => openSync(file, 'a', 0o600);
  let fd = open();
  let size = fstatSync(fd).size;
  let waiting: Buffer[] = [];
  let bytes = 0;
  let writing: Promise<void> | undefined;

  function rotate(): void {
    closeSync(fd);
    for (let at = BACKUPS - 1; at >= 1; at--) if (existsSync(`${file}.${at}`)) renameSync(`${file}.${at}`, `${file}.${at + 1}`);
    renameSync(file, `${file}.1`);
    fd = open();
    size = 0;
  }

  const put = (batch: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const from = (at: number): void =>
        writeBytes(fd, batch, at, batch.byteLength - at, null, (error, written) => {
          if (error !== null) reject(error);
          else if (at + written < batch.byteLength) from(at + written);
          else resolve();
        });
      from(0);
    });

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
      try {
        if (size > 0 && size + batch.byteLength > maxSize) rotate();
        await put(batch);
        size += batch.byteLength;
      } catch (error) {
        onError(error);
      }
    }
    writing = undefined;
  }

  return {
    write(event) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      if (bytes + line.byteLength > MAX_WAITING) {
        onError(new Error('the audit log is too slow: an event was dropped'));
        return;
      }
      waiting.push(line);
      bytes += line.byteLength;
      writing ??= drain();
    },
    async close() {
      await writing;
      closeSync(fd);
    },
  };
}
