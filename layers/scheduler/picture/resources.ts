/** Resources as plain numbers: milli units of CPU, whole units of all else. What the scheduler adds and compares a million times. */
import type { Container, Pod } from '#kinds/generated/types.ts';
import { parseQuantity } from '#machinery/quantity.ts';

export interface Resources {
  cpu: number;
  memory: number;
  storage: number;
  /** Extended resources and huge pages by name. */
  other: Map<string, number> | undefined;
}

/** What a container that asks for nothing counts as when nodes are compared by their load; Kubernetes' numbers. */
export const UNSTATED = { cpu: 100, memory: 200 * 1024 * 1024 };

/** The same few texts come again and again; bounded, in case they do not. */
const KNOWN = 4096;
const millis = new Map<string, number>();
const units = new Map<string, number>();

function memo(map: Map<string, number>, text: string, unit: bigint): number {
  let value = map.get(text);
  if (value === undefined) {
    // rounded up, as Kubernetes' MilliValue and Value
    value = Number((parseQuantity(text).nano + unit - 1n) / unit);
    if (map.size >= KNOWN) map.clear();
    map.set(text, value);
  }
  return value;
}
export const milliOf = (text: string): number => memo(millis, text, 1_000_000n);
export const unitsOf = (text: string): number => memo(units, text, 1_000_000_000n);

export const nothing = (): Resources => ({ cpu: 0, memory: 0, storage: 0, other: undefined });

export type ResourceList = Readonly<Record<string, string>>;

export function fromList(list: ResourceList | undefined): Resources {
  const result = nothing();
  for (const name in list) {
    const text = list[name]!;
    if (name === 'cpu') result.cpu = milliOf(text);
    else if (name === 'memory') result.memory = unitsOf(text);
    else if (name === 'ephemeral-storage') result.storage = unitsOf(text);
    else if (name !== 'pods') (result.other ??= new Map()).set(name, unitsOf(text));
  }
  return result;
}

export function addTo(into: Resources, what: Resources, sign: 1 | -1 = 1): void {
  into.cpu += sign * what.cpu;
  into.memory += sign * what.memory;
  into.storage += sign * what.storage;
  if (what.other !== undefined) for (const [name, value] of what.other) (into.other ??= new Map()).set(name, (into.other.get(name) ?? 0) + sign * value);
}

function raise(into: Resources, what: Resources): void {
  into.cpu = Math.max(into.cpu, what.cpu);
  into.memory = Math.max(into.memory, what.memory);
  into.storage = Math.max(into.storage, what.storage);
  if (what.other !== undefined) for (const [name, value] of what.other) (into.other ??= new Map()).set(name, Math.max(into.other.get(name) ?? 0, value));
}

type Ask = (container: Container) => Resources;

/** Containers and sidecars together, or the greediest step of initialization, whichever is more. */
function peak(pod: Pod, ask: Ask): Resources {
  const total = nothing();
  for (const container of pod.spec?.containers ?? []) addTo(total, ask(container));
  const init = pod.spec?.initContainers;
  if (init === undefined || init.length === 0) return total;
  const sidecars = nothing();
  const initialization = nothing();
  for (const container of init) {
    const own = ask(container);
    if (container.restartPolicy === 'Always') {
      addTo(total, own);
      addTo(sidecars, own);
      raise(initialization, sidecars);
    } else {
      const step = nothing();
      addTo(step, sidecars);
      addTo(step, own);
      raise(initialization, step);
    }
  }
  raise(total, initialization);
  return total;
}

/** A running container holds what it was given, also while a smaller size is asked for and not yet in place. */
function askOf(pod: Pod): Ask {
  const statuses = pod.status?.containerStatuses;
  return (container) => {
    const wanted = fromList(container.resources?.requests);
    const status = statuses?.find(({ name }) => name === container.name);
    const allocated = status?.allocatedResources ?? status?.resources?.requests;
    if (allocated !== undefined) raise(wanted, fromList(allocated));
    return wanted;
  };
}

export interface PodRequest {
  readonly exact: Resources;
  /** With a floor for containers that ask for nothing: how loaded the pod makes a node look. */
  readonly load: { readonly cpu: number; readonly memory: number };
}

export function requestOf(pod: Pod): PodRequest {
  const ask = askOf(pod);
  const exact = peak(pod, ask);
  const load = peak(pod, (container) => {
    const own = ask(container);
    return { cpu: own.cpu === 0 ? UNSTATED.cpu : own.cpu, memory: own.memory === 0 ? UNSTATED.memory : own.memory, storage: 0, other: undefined };
  });
  const whole = pod.spec?.resources?.requests;
  if (whole !== undefined) {
    const own = fromList(whole);
    if (whole['cpu'] !== undefined) exact.cpu = load.cpu = own.cpu;
    if (whole['memory'] !== undefined) exact.memory = load.memory = own.memory;
    if (own.other !== undefined) for (const [name, value] of own.other) (exact.other ??= new Map()).set(name, value);
  }
  if (pod.spec?.overhead !== undefined) {
    const overhead = fromList(pod.spec.overhead);
    addTo(exact, overhead);
    addTo(load, overhead);
  }
  return { exact, load: { cpu: load.cpu, memory: load.memory } };
}
