/** What a node's agent counts, read off `/metrics/resource` (Prometheus text), and the rates between two readings. */

export interface Reading {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Core seconds since the start of what is measured. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Seconds since the epoch; absent for a node. */
  readonly startedAt?: number;
}

export interface Sample {
  readonly node: Reading | undefined;
  /** By namespace/pod, then by container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Reading>>;
}

export interface Usage {
  /** Milliseconds since the epoch, the end of the window. */
  readonly atMs: number;
  readonly windowMs: number;
  readonly nanoCores: number;
  readonly memoryBytes: number;
}

const LINE = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)(?: (\d+))?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

type Draft = { -readonly [Field in keyof Reading]?: Reading[Field] };
const whole = (draft: Draft): Reading | undefined =>
  draft.cpuSeconds === undefined || draft.memoryBytes === undefined || draft.atMs === undefined ? undefined : (draft as Reading);

/** Families that are not known are skipped; a container with half of its figures is left out. */
export function parseSample(text: string): Sample {
  const node: Draft = {};
  const pods = new Map<string, Map<string, Draft>>();
  for (const line of text.split('\n')) {
    const [, name, labelText = '', valueText, time] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const value = Number(valueText);
    const labels = Object.fromEntries([...labelText.matchAll(LABEL)].map(([, key, text]) => [key, text]));
    let draft = node;
    if (name.startsWith('container_')) {
      const pod = `${labels['namespace']}/${labels['pod']}`;
      const containers = pods.get(pod) ?? new Map<string, Draft>();
      draft = containers.get(labels['container']!) ?? {};
      pods.set(pod, containers.set(labels['container']!, draft));
    } else if (!name.startsWith('node_')) continue;
    if (time !== undefined) draft.atMs = Number(time);
    if (name.endsWith('_cpu_usage_seconds_total')) draft.cpuSeconds = value;
    else if (name.endsWith('_memory_working_set_bytes')) draft.memoryBytes = value;
    else if (name.endsWith('_start_time_seconds')) draft.startedAt = value;
  }
  const complete = [...pods].map(([pod, containers]) => {
    const known = [...containers].flatMap(([name, draft]) => {
      const reading = whole(draft);
      return reading === undefined ? [] : [[name, reading] as const];
    });
    return [pod, new Map(known)] as const;
  });
  return { node: whole(node), pods: new Map(complete) };
}

/** The rate since `before`; where that is of another life of the container, or of none, since its start. */
export function usageBetween(before: Reading | undefined, now: Reading): Usage | undefined {
  const same = before !== undefined && before.startedAt === now.startedAt && before.atMs < now.atMs && before.cpuSeconds <= now.cpuSeconds;
  const sinceMs = same ? before.atMs : now.startedAt === undefined ? undefined : now.startedAt * 1000;
  if (sinceMs === undefined || sinceMs >= now.atMs) return undefined;
  const windowMs = now.atMs - sinceMs;
  return { atMs: now.atMs, windowMs, nanoCores: Math.round(((now.cpuSeconds - (same ? before.cpuSeconds : 0)) * 1e12) / windowMs), memoryBytes: now.memoryBytes };
}
