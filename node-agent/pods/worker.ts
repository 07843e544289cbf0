/**
 * One pod's life on the node. `wake` looks at what the pod asks for and at what there is, and starts what is missing; nothing in it
 * waits. What takes time (a pull, a start, a stop) runs beside it and wakes it again when done, so that one slow container holds up
 * nobody. Its phases: preparation.ts (volumes and sandbox), activities.ts (containers), leaving.ts (the end).
 */
import type { ContainerState, RuntimeEvent } from '../runtime/port.ts';
import { Activities } from './activities.ts';
import { adopt } from './adopt.ts';
import { planContainers, planEphemeral } from './containers.ts';
import { recordEnd } from './exit.ts';
import { messageOf } from './failure.ts';
import { planInit } from './init-containers.ts';
import type { PodJournal } from './journal.ts';
import { Leaving } from './leaving.ts';
import { isComplete } from './phase.ts';
import type { PlanContext } from './plan.ts';
import { tell } from './pod-events.ts';
import { graceOf, isTerminal, podText, type Pod, type PodStatus } from './pod.ts';
import { Preparation } from './preparation.ts';
import { newRecord, type PodRecord } from './record.ts';
import { planResize } from './resize.ts';
import { restartsAfter, resumeRestarts } from './restart.ts';
import { connectSandbox, removeSandbox } from './sandbox.ts';
import type { NodeServices } from './services.ts';
import { podStatus } from './status.ts';
import type { StatusWriter } from './status-writer.ts';
import { persist, type PodWork } from './work.ts';

export interface WorkerHost {
  readonly services: NodeServices;
  readonly writer: StatusWriter;
  readonly journal: PodJournal;
  /** Nothing is left of the pod. */
  finished(uid: string): void;
}

export class PodWorker {
  readonly uid: string;
  readonly #host: WorkerHost;
  readonly #services: NodeServices;
  readonly #work: PodWork;
  readonly #activities: Activities;
  readonly #preparation: Preparation;
  readonly #leaving: Leaving;
  #woken = false;
  #cancelTimer: (() => void) | undefined;
  #gone = false;
  #settled = true;
  #saved = '';

  constructor(host: WorkerHost, pod: Pod) {
    this.uid = pod.metadata.uid;
    this.#host = host;
    this.#services = host.services;
    this.#work = { services: host.services, pod, record: newRecord(), ending: false, finished: false, wake: () => this.wake() };
    this.#activities = new Activities(this.#work);
    this.#preparation = new Preparation(this.#work);
    this.#leaving = new Leaving(this.#work, this.#activities, {
      writer: host.writer,
      journal: host.journal,
      publish: () => this.#publish(),
      vanished: () => {
        this.close();
        host.finished(this.uid);
      },
    });
  }

  get pod(): Pod {
    return this.#work.pod;
  }
  /** The pod with its status as the agent sees it now. */
  get view(): Pod {
    return { ...this.pod, status: { ...this.pod.status, ...this.#status(this.#leaving.released) } };
  }
  get record(): PodRecord {
    return this.#work.record;
  }
  /** Counts against the node's room. */
  get active(): boolean {
    return !this.#leaving.released && this.record.ended === undefined;
  }

  /** Refused by the node before anything was made for it. */
  reject(reason: string, message: string): void {
    this.record.ended = { reason, message };
    tell(this.#services, this.pod, undefined, 'Warning', reason, message);
    this.wake();
  }

  /** Ends the pod at once because it takes more of the node than it may. */
  evict(message: string): void {
    if (!this.active) return;
    this.#leaving.graceSeconds = 1;
    this.reject('Evicted', message);
  }

  /** Takes on the containers that the runtime has of this pod. */
  adopt(states: readonly ContainerState[]): void {
    const { record, unsettled, superfluous } = adopt(this.pod, states);
    this.#work.record = record;
    this.#settled = false;
    const { sandbox } = record;
    const settle = async (): Promise<void> => {
      await Promise.allSettled(superfluous.map((id) => this.#services.runtime.remove(id)));
      await Promise.all(unsettled.map(({ name, attempt }) => recordEnd(this.#services, this.uid, name, attempt)));
      resumeRestarts(this.#services, this.pod, record);
      if (sandbox?.phase === 'created') {
        // The agent died between making and connecting it.
        sandbox.phase = 'exited';
        await removeSandbox(this.#services, this.pod, sandbox.id);
      } else if (sandbox?.phase === 'running') await connectSandbox(this.#services, this.pod, sandbox);
      this.#settled = true;
    };
    void persist(this.#work, settle);
  }

  update(pod: Pod): void {
    const before = this.pod;
    this.#work.pod = pod;
    this.#host.writer.observed(pod);
    if (this.#work.ending && !this.#leaving.released && graceOf(pod) < graceOf(before)) this.#leaving.hurry(graceOf(pod));
    this.wake();
  }

  /** The API server has it no more. */
  gone(pod?: Pod): void {
    if (pod !== undefined) this.#work.pod = pod;
    if (this.#gone) return;
    this.#gone = true;
    this.#host.writer.forget(this.uid);
    if (this.#work.ending && !this.#leaving.released) this.#leaving.hurry(1);
    this.wake();
  }

  runtimeEvent(event: RuntimeEvent): void {
    if (event.type === 'exited' || event.type === 'removed') void this.#activities.sawEnd(event.containerId);
  }

  /** All that the runtime has of the pod, after events may have been lost. */
  relisted(states: readonly ContainerState[]): void {
    const running = new Set(states.filter(({ phase }) => phase === 'running').map(({ id }) => id));
    const { sandbox, containers } = this.record;
    if (sandbox?.phase === 'running' && !running.has(sandbox.id)) void this.#activities.sawEnd(sandbox.id);
    for (const { current } of containers.values()) if (current?.phase === 'running' && !running.has(current.id)) void this.#activities.sawEnd(current.id);
    this.retry();
  }

  /** What the world had refused may go now. */
  retry(): void {
    this.#preparation.retry();
    this.#leaving.retry();
    this.wake();
  }

  wake(): void {
    if (this.#woken || this.#work.finished) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      if (!this.#work.finished) this.#look();
    });
  }

  /** Stops following the pod; what it runs goes on. */
  close(): void {
    this.#work.finished = true;
    this.#cancelTimer?.();
    this.#activities.probing.stop();
  }

  #look(): void {
    this.#cancelTimer?.();
    if (!this.#settled) return;
    const { pod, record } = this.#work;
    this.#remember();
    record.startTime ??= `${new Date(this.#services.clock.now()).toISOString().slice(0, 19)}Z`;
    const deadline = this.#deadline();
    if (deadline !== undefined && deadline <= 0) record.ended ??= { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    if (this.#gone || deleted || record.ended !== undefined || this.#complete()) {
      this.#wakeIn([this.#leave(deleted)]);
      this.#publish();
      return;
    }
    this.#activities.probe();
    const waits = [deadline, this.#preparation.advance()];
    const { sandbox } = record;
    if (sandbox !== undefined && sandbox.phase !== 'exited' && record.volumesReady) waits.push(...this.#advance(sandbox.id));
    this.#publish();
    this.#wakeIn(waits);
  }

  #leave(deleted: boolean): number | undefined {
    if (this.#leaving.released) return this.#gone ? this.#leaving.vanish() : deleted ? this.#leaving.confirm() : undefined;
    this.#leaving.begin();
    // What is being made must be there before it can be taken away: these stages wake the worker when they are through.
    return this.#preparation.running ? undefined : this.#leaving.end();
  }

  #deadline(): number | undefined {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined || this.record.startTime === undefined) return undefined;
    return Date.parse(this.record.startTime) + activeDeadlineSeconds * 1000 - this.#services.clock.now();
  }

  #complete(): boolean {
    const { status, spec } = this.pod;
    if (isTerminal(status?.phase)) return true;
    const now = this.#status(false);
    const byName = new Map([...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]));
    const ready = [...this.record.containers.values()].every((target) => !target.busy || target.current?.phase === 'running');
    return (
      ready &&
      isComplete(this.pod, now.containerStatuses ?? [], now.initContainerStatuses ?? [], (name, code) => {
        const target = this.record.containers.get(name);
        const container = byName.get(name);
        return target?.restartAsked === true || (container !== undefined && restartsAfter(this.pod, container, code));
      })
    );
  }

  #advance(sandboxId: string): (number | undefined)[] {
    const context: PlanContext = { services: this.#services, pod: this.pod, record: this.record, sandboxId };
    const init = planInit(context);
    const steps = [...init.steps, ...(init.done ? planContainers(context) : []), ...planEphemeral(context)];
    if (init.done) for (const resize of planResize(this.#services, this.pod, this.record)) this.#activities.resize(resize);
    return steps.map((step) => this.#activities.take(step));
  }

  #status(over: boolean): PodStatus {
    const now = `${new Date(this.#services.clock.now()).toISOString().slice(0, 19)}Z`;
    return podStatus({ pod: this.pod, record: this.record, hostIPs: this.#services.nodeIPs, now, over });
  }

  #publish(): void {
    if (!this.#gone && !this.#leaving.confirmed) this.#host.writer.put(this.pod, this.#status(this.#leaving.released));
  }

  /** A status has no place in the journal: only what decides how the pod runs, and what the downward API shows. */
  #remember(): void {
    const { metadata } = this.pod;
    const version = JSON.stringify([metadata.generation, metadata.deletionTimestamp, metadata.labels, metadata.annotations]);
    if (version === this.#saved || this.#gone) return;
    this.#saved = version;
    const complain = (error: unknown): void => console.warn(`pod ${podText(this.pod)}: ${messageOf(error)}`);
    this.#host.journal.save(this.pod).catch(complain);
    if (this.record.volumesReady) this.#services.volumes.refresh(this.pod, () => ({ podIPs: this.record.sandbox?.ips ?? [], hostIPs: this.#services.nodeIPs })).catch(complain);
  }

  /** Looks again after the shortest of these, in milliseconds. */
  #wakeIn(waits: readonly (number | undefined)[]): void {
    const next = Math.min(...waits.filter((wait) => wait !== undefined));
    if (Number.isFinite(next)) this.#cancelTimer = this.#services.clock.after(Math.max(1, next), () => this.wake());
  }
}
