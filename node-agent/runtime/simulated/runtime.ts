/**
 * Containers that are only remembered: the port of a container runtime without processes, so that one Node.js process can be thousands
 * of nodes, and so that tests decide when a container ends and how. Time comes from the clock that is handed in.
 */
import type { Clock, Ids } from '#machinery/clock.ts';
import { RuntimeRefused, RuntimeTimeout, RuntimeUnavailable } from '../errors.ts';
import type { ContainerRuntime, ContainerSpec, ContainerState, ImageState, RuntimeEvent } from '../port.ts';

export interface Behaviour {
  /** Milliseconds from `start` to running. */
  readonly startDelayMs?: number;
  /** The start itself fails with this text, as for a command that is not there. */
  readonly startError?: string;
  /** It ends by itself after this long, with this code. */
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Milliseconds it needs after the stop signal; longer than the grace: it is killed. */
  readonly stopDelayMs?: number;
  readonly log?: string;
  /** What it writes outside its mounts. */
  readonly writtenBytes?: number;
}

export interface SimulatedOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** What a container does; asked when it starts. Sandboxes always just run. */
  behaviour?(spec: ContainerSpec): Behaviour;
  /** What happens to a pull: an error's text, or milliseconds. */
  pull?(name: string): { readonly error?: string; readonly delayMs?: number };
  exec?(id: string, command: readonly string[]): number | Promise<number>;
}

export interface SimulatedRuntime extends ContainerRuntime {
  /** Every call from now on fails like this, until `undefined`. */
  fail(how: 'down' | 'hanging' | undefined): void;
  /** Ends a container as if its process had ended. */
  exit(id: string, exitCode: number): void;
  /** What was asked of the runtime, verb by verb. */
  readonly calls: ReadonlyMap<string, number>;
  /** What a container was made from. */
  spec(id: string): ContainerSpec | undefined;
}

interface Box {
  state: ContainerState;
  readonly spec: ContainerSpec;
  behaviour: Behaviour;
  cancel(): void;
}

const SANDBOX = 'podsandbox';
/** No root, so that pods that forbid it run; the number that images without a distribution have. */
const IMAGE_USER = '65532';
const HANG_DEADLINE_MS = 60_000;

export function createSimulatedRuntime(options: SimulatedOptions): SimulatedRuntime {
  const { clock, ids } = options;
  const boxes = new Map<string, Box>();
  const images = new Map<string, ImageState>();
  const listeners = new Set<{ readonly labels: Readonly<Record<string, string>>; event(event: RuntimeEvent): void; gap(): void }>();
  const calls = new Map<string, number>();
  let failing: 'down' | 'hanging' | undefined;
  let pid = 1000;

  const now = (): string => new Date(clock.now()).toISOString();
  const carries = (has: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
    Object.entries(wanted).every(([name, value]) => has[name] === value);
  const tell = (event: RuntimeEvent): void => {
    for (const listener of listeners) if (carries(event.labels, listener.labels)) listener.event(event);
  };
  const after = (milliseconds: number): Promise<void> => (milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(milliseconds, resolve)));

  async function called(verb: string): Promise<void> {
    calls.set(verb, (calls.get(verb) ?? 0) + 1);
    if (failing === 'down') throw new RuntimeUnavailable('the simulated runtime is down');
    if (failing === 'hanging') {
      await after(HANG_DEADLINE_MS);
      throw new RuntimeTimeout(verb, HANG_DEADLINE_MS);
    }
  }

  function find(id: string): Box {
    const box = boxes.get(id);
    if (box === undefined) throw new RuntimeRefused(404, `No such container: ${id}`);
    return box;
  }

  function end(box: Box, exitCode: number, more: { readonly oomKilled?: boolean; readonly error?: string } = {}): void {
    if (box.state.phase === 'exited') return;
    box.cancel();
    const { pid: _pid, ...rest } = box.state;
    box.state = { ...rest, phase: 'exited', exitCode, finishedAt: now(), oomKilled: more.oomKilled === true, ...(more.error === undefined ? {} : { error: more.error }) };
    tell({ type: 'exited', containerId: box.state.id, labels: box.state.labels, exitCode });
  }

  function makeImage(name: string): ImageState {
    const image: ImageState = {
      id: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`,
      names: [name],
      digests: [],
      sizeBytes: 1_000_000,
      user: IMAGE_USER,
    };
    images.set(name, image);
    return image;
  }

  return {
    calls,
    spec: (id) => boxes.get(id)?.spec,
    fail(how) {
      const recovered = failing !== undefined && how === undefined;
      failing = how;
      if (recovered) for (const listener of listeners) listener.gap();
    },
    exit: (id, exitCode) => end(find(id), exitCode),
    ping: () => called('ping'),
    async version() {
      await called('version');
      return {
        name: 'simulated',
        version: '1.0.0',
        apiVersion: '1.0',
        kernel: 'simulated',
        os: 'simulated',
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        cpus: options.cpus ?? 32,
        memoryBytes: options.memoryBytes ?? 256 * 1024 ** 3,
      };
    },
    async list(labels) {
      await called('list');
      return [...boxes.values()].map(({ state }) => state).filter((state) => carries(state.labels, labels));
    },
    async inspect(id) {
      await called('inspect');
      return boxes.get(id)?.state;
    },
    async create(spec) {
      await called('create');
      if (!images.has(spec.image) && spec.labels['io.kubernetes.docker.type'] !== SANDBOX) throw new RuntimeRefused(404, `No such image: ${spec.image}`);
      const id = ids.uid().replaceAll('-', '').padEnd(64, '0');
      boxes.set(id, {
        spec,
        behaviour: {},
        cancel: () => undefined,
        state: { id, name: spec.name, image: spec.image, imageId: images.get(spec.image)?.id ?? '', labels: spec.labels, phase: 'created', createdAt: now() },
      });
      tell({ type: 'created', containerId: id, labels: spec.labels });
      return id;
    },
    async start(id) {
      await called('start');
      const box = find(id);
      if (box.state.phase === 'running') return;
      const behaviour = box.spec.labels['io.kubernetes.docker.type'] === SANDBOX ? {} : (options.behaviour?.(box.spec) ?? {});
      box.behaviour = behaviour;
      await after(behaviour.startDelayMs ?? 0);
      if (behaviour.startError !== undefined) {
        box.state = { ...box.state, phase: 'exited', exitCode: 127, error: behaviour.startError };
        throw new RuntimeRefused(400, behaviour.startError);
      }
      box.state = { ...box.state, phase: 'running', pid: pid++, startedAt: now() };
      tell({ type: 'started', containerId: id, labels: box.spec.labels });
      if (behaviour.exitAfterMs !== undefined)
        box.cancel = clock.after(behaviour.exitAfterMs, () => end(box, behaviour.exitCode ?? 0, { oomKilled: behaviour.oomKilled === true }));
    },
    async stop(id, graceSeconds) {
      await called('stop');
      const box = boxes.get(id);
      if (box === undefined || box.state.phase !== 'running') return;
      const needs = box.behaviour.stopDelayMs ?? 0;
      await after(Math.min(needs, graceSeconds * 1000));
      end(box, needs > graceSeconds * 1000 ? 137 : (box.behaviour.exitCode ?? 0));
    },
    async remove(id) {
      await called('remove');
      const box = boxes.get(id);
      if (box === undefined) return;
      end(box, 137);
      boxes.delete(id);
      tell({ type: 'removed', containerId: id, labels: box.state.labels });
    },
    update: () => called('update'),
    async exec(id, { command, stdout }) {
      await called('exec');
      find(id);
      stdout?.end();
      return options.exec?.(id, command) ?? 0;
    },
    attach: () => called('attach'),
    async logs(id, { stdout }) {
      await called('logs');
      stdout.write(find(id).behaviour.log ?? '');
      stdout.end();
    },
    async stats(wanted) {
      await called('stats');
      return new Map(
        wanted.filter((id) => boxes.get(id)?.state.phase === 'running').map((id) => [id, { cpuNanoseconds: 0, memoryUsageBytes: 0, memoryWorkingSetBytes: 0, at: now() }]),
      );
    },
    async writtenBytes(wanted) {
      await called('writtenBytes');
      return new Map(wanted.map((id) => [id, boxes.get(id)?.behaviour.writtenBytes ?? 0]));
    },
    async image(name) {
      await called('image');
      return images.get(name);
    },
    async images() {
      await called('images');
      return [...images.values()];
    },
    async pull(name) {
      await called('pull');
      const { error, delayMs = 0 } = options.pull?.(name) ?? {};
      await after(delayMs);
      if (error !== undefined) throw new RuntimeRefused(500, error);
      return makeImage(name);
    },
    async removeImage(id) {
      await called('removeImage');
      for (const [name, image] of images) if (image.id === id) images.delete(name);
    },
    async importImage(name) {
      await called('importImage');
      makeImage(name);
    },
    events(labels, listener, signal) {
      const entry = { labels, event: (event: RuntimeEvent) => listener.event(event), gap: () => listener.gap() };
      listeners.add(entry);
      signal.addEventListener('abort', () => listeners.delete(entry), { once: true });
    },
  };
}
