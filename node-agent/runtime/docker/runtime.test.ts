import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerSpec, RuntimeEvent } from '../port.ts';
import { BUSYBOX_IMAGE, docker, ensureTestImages, testLabel } from '../../testing/docker.ts';
import { PAUSE_IMAGE } from './pause.ts';

const LABEL = 'io.paperplane.test';
const run = testLabel();
let serial = 0;

function spec(command: readonly string[], more: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `${run}-${serial++}`,
    image: BUSYBOX_IMAGE,
    command,
    env: [],
    labels: { [LABEL]: run },
    mounts: [],
    tty: false,
    stdin: false,
    stdinOnce: false,
    namespaces: { network: 'none', pid: 'container', ipc: 'shareable', hostname: 'test' },
    resources: {},
    security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, capabilitiesAdd: [], capabilitiesDrop: [] },
    ...more,
  };
}

function sink(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  return {
    stream: new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    }),
    text: () => Buffer.concat(chunks).toString(),
  };
}

describe.skipIf(docker === undefined)('containers on a real Docker', () => {
  const runtime = docker!;
  const events: RuntimeEvent[] = [];
  const stop = new AbortController();

  beforeAll(async () => {
    await ensureTestImages(runtime);
    await new Promise<void>((resolve) => runtime.events({ [LABEL]: run }, { event: (event) => void events.push(event), gap: resolve }, stop.signal));
  });
  afterAll(async () => {
    stop.abort();
    for (const { id } of await runtime.list({ [LABEL]: run })) await runtime.remove(id);
    runtime.close();
  });

  it('runs, is asked, ends on its signal, and is removed', async () => {
    const id = await runtime.create(spec(['/bin/busybox', 'sh', '-c', 'trap "exit 3" TERM; echo out; echo err >&2; while :; do sleep 0.05; done']));
    await runtime.start(id);
    await runtime.start(id);
    expect(await runtime.inspect(id)).toMatchObject({ phase: 'running', labels: { [LABEL]: run } });
    const [out, err] = [sink(), sink()];
    const code = await runtime.exec(id, { command: ['/bin/busybox', 'sh', '-c', 'echo hello; echo bad >&2; exit 5'], tty: false, stdout: out.stream, stderr: err.stream });
    expect([code, out.text(), err.text()]).toEqual([5, 'hello\n', 'bad\n']);
    await runtime.stop(id, 5);
    expect(await runtime.inspect(id)).toMatchObject({ phase: 'exited', exitCode: 3 });
    const [logOut, logErr] = [sink(), sink()];
    await runtime.logs(id, { follow: false, timestamps: false, stdout: logOut.stream, stderr: logErr.stream });
    expect([logOut.text(), logErr.text()]).toEqual(['out\n', 'err\n']);
    await runtime.remove(id);
    await runtime.remove(id);
    expect(await runtime.inspect(id)).toBeUndefined();
    await expect.poll(() => events.filter(({ containerId }) => containerId === id).map(({ type }) => type)).toEqual(['created', 'started', 'exited', 'removed']);
    expect(events.find(({ containerId, type }) => containerId === id && type === 'exited')).toMatchObject({ exitCode: 3, labels: { [LABEL]: run } });
  });

  it('finds its own earlier try under a name that is taken, and puts away what another left', async () => {
    const wanted = spec(['/bin/busybox', 'true']);
    const first = await runtime.create(wanted);
    expect(await runtime.create(wanted)).toBe(first);
    const other = await runtime.create({ ...wanted, labels: { ...wanted.labels, more: 'yes' } });
    expect(other).not.toBe(first);
    expect(await runtime.inspect(first)).toBeUndefined();
  });

  it('says why a command cannot be started', async () => {
    const id = await runtime.create(spec(['/nothing']));
    await expect(runtime.start(id)).rejects.toThrow(/\/nothing/);
    expect(await runtime.inspect(id)).toMatchObject({ phase: 'exited', exitCode: 127 });
  });

  it('clamps an out-of-memory score that it may not set', async () => {
    const id = await runtime.create(spec(['/bin/busybox', 'true'], { resources: { oomScoreAdj: -998, cpuShares: 2, memoryBytes: 32 * 1024 * 1024 } }));
    await runtime.start(id);
  });

  it('kills a command whose caller gave up', async () => {
    const id = await runtime.create(spec(['/bin/busybox', 'sleep', '60']));
    await runtime.start(id);
    const limit = new AbortController();
    setTimeout(() => limit.abort(new Error('too long')), 300);
    await expect(runtime.exec(id, { command: ['/bin/busybox', 'sleep', '50'], tty: false, stdout: sink().stream, signal: limit.signal })).rejects.toThrow('too long');
    const out = sink();
    await runtime.exec(id, { command: ['/bin/busybox', 'ps'], tty: false, stdout: out.stream });
    expect(out.text()).toContain('sleep 60');
    expect(out.text()).not.toContain('sleep 50');
    await runtime.stop(id, 0);
  });

  it('pauses: ends at once on SIGTERM, and reaps what is orphaned', async () => {
    const pause = await runtime.create(spec(['/pause'], { image: PAUSE_IMAGE }));
    await runtime.start(pause);
    const child = await runtime.create(
      spec(['/bin/busybox', 'sh', '-c', '(sleep 0.2 &) ; exec sleep 60'], { namespaces: { network: `container:${pause}`, pid: `container:${pause}`, ipc: `container:${pause}` } }),
    );
    await runtime.start(child);
    const processes = async (): Promise<string> => {
      const out = sink();
      await runtime.exec(child, { command: ['/bin/busybox', 'ps'], tty: false, stdout: out.stream });
      return out.text();
    };
    await expect.poll(processes, { timeout: 3000 }).not.toMatch(/sleep 0\.2|\[sleep\]/);
    expect(await processes()).toMatch(/1 .*\/pause/);
    await runtime.stop(child, 0);
    const began = Date.now();
    await runtime.stop(pause, 10);
    expect(Date.now() - began).toBeLessThan(3000);
    expect(await runtime.inspect(pause)).toMatchObject({ phase: 'exited', exitCode: 0 });
  });
});
