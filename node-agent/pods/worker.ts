/**
 * One pod's life on the node. `wake` looks at what the pod asks for and at what there is, and starts what is missing; nothing in it
 * waits. What takes time (a pull, a start, a stop) runs beside it and wakes it again when done, so that one slow container holds up
 * nobody. State is changed only here and in the activities that were started here.
 */
import type { ContainerState, RuntimeEvent } from '../runtime/port.ts';
import { adopt } from './adopt.ts';
import { planContainers, planEphemeral } from './containers.ts';
import { endContainers, releasePod, removeContainers } from './ending.ts';
import { recordEnd } from './exit.ts';
import { StartFailure, messageOf } from './failure.ts';
import { planInit } from './init-containers.ts';
import type { PodJournal } from './journal.ts';
import { isComplete } from './phase.ts';
import type { PlanContext, Step } from './plan.ts';
import { tell } from './pod-events.ts';
import { graceOf, isTerminal, podText, type Container, type Pod, type PodStatus } from './pod.ts';
import { createProbing, type Probing } from './probing.ts';
import { newRecord, type Attempt, type ContainerRecord, type PodRecord } from './record.ts';
import { planResize, applyResize } from './resize.ts';
import { restartKey, restartsAfter, resumeRestarts } from './restart.ts';
import { connectSandbox, makeSandbox, removeSandbox } from './sandbox.ts';
import type { NodeServices } from './services.ts';
import { Cancelled, startContainer } from './start.ts';
import { podStatus } from './status.ts';
import type { StatusWriter } from './status-writer.ts';
import { stopContainer } from './stop.ts';

/** Between tries of what failed for a reason outside the pod (volumes, sandbox, configuration): 1 s doubling to this. */
const LONGEST_RETRY_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
/** Of a container that cannot be made as it is asked for; what it lacks may come. */
const CONFIG_RETRY_MS = 10_000;
/** The error of a pull is shown this long before the pause until the next pull is. */
const PULL_SHOWN_MS = 1_000;

export interface WorkerHost {
  readonly services: NodeServices;
  readonly writer: StatusWriter;
  readonly journal: PodJournal;
  /** Nothing is left of the pod. */
  finished(uid: string): void;
}

/** A stage that is tried again, with longer and longer pauses. */
interface Stage {
  running: boolean;
  failures: number;
  retryAt: number;
}
const newStage = (): Stage => ({ running: false, failures: 0, retryAt: 0 });

export class PodWorker {
  readonly uid: string;
  #pod: Pod;
  #record: PodRecord = newRecord();
  readonly #host: WorkerHost;
  readonly #services: NodeServices;
  readonly #probing: Probing;
  readonly #sandboxStage = newStage();
  readonly #volumeStage = newStage();
  readonly #endStage = newStage();
  readonly #confirmStage = newStage();
  /** Starts that may still make a container, by container name. */
  readonly #starts = new Map<string, Promise<void>>();
  #woken = false;
  #cancelTimer: (() => void) | undefined;
  #gone = false;
  #ending = false;
  #released = false;
  #confirmed = false;
  #finished = false;
  #settled = true;
  #saved = '';
  /** In place of the pod's own. */
  #graceSeconds: number | undefined;

  constructor(host: WorkerHost, pod: Pod) {
    this.uid = pod.metadata.uid;
    this.#pod = pod;
    this.#host = host;
    this.#services = host.services;
    this.#probing = createProbing(host.services, {
      changed: () => this.wake(),
      failed: (target, container, kind, grace) => {
        const will = restartsAfter(this.#pod, container, 1);
        this.#stop(target, container, `Container ${container.name} failed ${kind} probe${will ? ', will be restarted' : ''}`, will, grace);
      },
    });
  }

  get pod(): Pod {
    return this.#pod;
  }
  /** The pod with its status as the agent sees it now. */
  get view(): Pod {
    return { ...this.#pod, status: { ...this.#pod.status, ...this.#status(this.#released) } };
  }
  get record(): PodRecord {
    return this.#record;
  }
  /** Counts against the node's room. */
  get active(): boolean {
    return !this.#released && this.#record.ended === undefined;
  }

  /** Refused by the node before anything was made for it. */
  reject(reason: string, message: string): void {
    this.#record.ended = { reason, message };
    tell(this.#services, this.#pod, undefined, 'Warning', reason, message);
    this.wake();
  }

  /** Ends the pod on the node's own account. */
  end(reason: string, message: string): void {
    if (this.#record.ended !== undefined || this.#released) return;
    this.#record.ended = { reason, message };
    this.wake();
  }

  /** Ends the pod at once because it takes more of the node than it may. */
  evict(message: string): void {
    if (!this.active) return;
    tell(this.#services, this.#pod, undefined, 'Warning', 'Evicted', message);
    this.#graceSeconds = 1;
    this.end('Evicted', message);
  }

  /** Takes on the containers that the runtime has of this pod. */
  adopt(states: readonly ContainerState[]): void {
    const { record, unsettled, superfluous } = adopt(this.#pod, states);
    this.#record = record;
    this.#settled = false;
    const { sandbox } = record;
    const settle = async (): Promise<void> => {
      await Promise.allSettled(superfluous.map((id) => this.#services.runtime.remove(id)));
      await Promise.all(unsettled.map(({ name, attempt }) => recordEnd(this.#services, this.uid, name, attempt)));
      resumeRestarts(this.#services, this.#pod, record);
      if (sandbox === undefined) return;
      if (sandbox.phase === 'created') {
        // The agent died between making and connecting it.
        sandbox.phase = 'exited';
        await removeSandbox(this.#services, this.#pod, sandbox.id);
      } else if (sandbox.phase === 'running') await connectSandbox(this.#services, this.#pod, sandbox);
    };
    void this.#attempt(newStage(), settle, () => (this.#settled = true));
  }

  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    this.#host.writer.observed(pod);
    if (this.#ending && !this.#released && graceOf(pod) < graceOf(before)) this.#hurry(graceOf(pod));
    this.wake();
  }

  /** The API server has it no more. */
  gone(pod?: Pod): void {
    if (pod !== undefined) this.#pod = pod;
    if (this.#gone) return;
    this.#gone = true;
    this.#host.writer.forget(this.uid);
    if (this.#ending && !this.#released) this.#hurry(1);
    this.wake();
  }

  runtimeEvent(event: RuntimeEvent): void {
    if (event.type !== 'exited' && event.type !== 'removed') return;
    void this.#sawEnd(event.containerId);
  }

  /** All that the runtime has of the pod, after events may have been lost. */
  relisted(states: readonly ContainerState[]): void {
    const running = new Set(states.filter(({ phase }) => phase === 'running').map(({ id }) => id));
    const { sandbox } = this.#record;
    if (sandbox?.phase === 'running' && !running.has(sandbox.id)) void this.#sawEnd(sandbox.id);
    for (const { current } of this.#record.containers.values()) if (current?.phase === 'running' && !running.has(current.id)) void this.#sawEnd(current.id);
    this.retry();
  }

  /** What the world had refused may go now. */
  retry(): void {
    for (const stage of [this.#sandboxStage, this.#volumeStage, this.#endStage, this.#confirmStage]) stage.retryAt = 0;
    this.wake();
  }

  wake(): void {
    if (this.#woken || this.#finished) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      if (!this.#finished) this.#look();
    });
  }

  /** Stops following the pod; what it runs goes on. */
  close(): void {
    this.#finished = true;
    this.#cancelTimer?.();
    this.#probing.stop();
  }

  // ---- the look

  #look(): void {
    this.#cancelTimer?.();
    if (!this.#settled) return;
    const pod = this.#pod;
    this.#remember();
    this.#record.startTime ??= `${new Date(this.#services.clock.now()).toISOString().slice(0, 19)}Z`;
    const deadline = this.#deadline();
    if (deadline !== undefined && deadline <= 0) this.#record.ended ??= { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    if (this.#gone || deleted || this.#record.ended !== undefined || this.#complete()) {
      if (!this.#released) this.#end();
      else if (this.#gone) this.#vanish();
      else if (deleted) this.#confirm();
      this.#publish();
      return;
    }
    this.#probe();
    const waits = [deadline, this.#prepare()];
    const { sandbox } = this.#record;
    if (sandbox !== undefined && sandbox.phase !== 'exited' && this.#record.volumesReady) waits.push(...this.#advance(sandbox.id));
    this.#publish();
    const next = Math.min(...waits.filter((wait) => wait !== undefined));
    if (Number.isFinite(next)) this.#cancelTimer = this.#services.clock.after(Math.max(1, next), () => this.wake());
  }

  #deadline(): number | undefined {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined || this.#record.startTime === undefined) return undefined;
    return Date.parse(this.#record.startTime) + activeDeadlineSeconds * 1000 - this.#services.clock.now();
  }

  #complete(): boolean {
    const { status, spec } = this.#pod;
    if (isTerminal(status?.phase)) return true;
    const now = this.#status(false);
    const byName = new Map([...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]));
    const ready = [...this.#record.containers.values()].every((target) => !target.busy || target.current?.phase === 'running');
    return (
      ready &&
      isComplete(this.#pod, now.containerStatuses ?? [], now.initContainerStatuses ?? [], (name, code) => {
        const target = this.#record.containers.get(name);
        const container = byName.get(name);
        return target?.restartAsked === true || (container !== undefined && restartsAfter(this.#pod, container, code));
      })
    );
  }

  /** Volumes and sandbox, side by side. The answer: milliseconds until a failed one is tried again. */
  #prepare(): number | undefined {
    const services = this.#services;
    const record = this.#record;
    const waits: number[] = [];
    if (!record.volumesReady) {
      const wait = this.#run(this.#volumeStage, async () => {
        try {
          await services.volumes.setUp(this.#pod, () => ({ podIPs: record.sandbox?.ips ?? [], hostIPs: services.nodeIPs }));
          record.volumesReady = true;
        } catch (error) {
          tell(services, this.#pod, undefined, 'Warning', 'FailedMount', messageOf(error));
          throw error;
        }
      });
      if (wait !== undefined) waits.push(wait);
    }
    const { sandbox } = record;
    if (sandbox === undefined || sandbox.phase === 'exited') {
      const wait = this.#run(this.#sandboxStage, async () => {
        if (sandbox !== undefined) {
          if (sandbox.ips.length > 0) tell(services, this.#pod, undefined, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
          await removeSandbox(services, this.#pod, sandbox.id);
        }
        const made = await makeSandbox(services, this.#pod, record, sandbox === undefined ? 0 : sandbox.attempt + 1);
        this.wake();
        await made.ready;
      });
      if (wait !== undefined) waits.push(wait);
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  #advance(sandboxId: string): (number | undefined)[] {
    const context: PlanContext = { services: this.#services, pod: this.#pod, record: this.#record, sandboxId };
    const init = planInit(context);
    const steps = [...init.steps, ...(init.done ? planContainers(context) : []), ...planEphemeral(context)];
    if (init.done) for (const resize of planResize(this.#services, this.#pod, this.#record)) this.#resize(resize);
    return steps.map((step) => this.#take(step));
  }

  /** Does a step; the answer: milliseconds until the next look is due for it. */
  #take(step: Step): number | undefined {
    const { target } = step;
    switch (step.do) {
      case 'start':
        this.#start(step);
        return undefined;
      case 'stop':
        this.#stop(target, step.container, step.message, true, step.graceSeconds);
        return undefined;
      case 'wait':
        if (step.backoff !== undefined && target.waiting?.message !== step.backoff) {
          tell(this.#services, this.#pod, target, 'Warning', 'BackOff', `Back-off restarting failed container ${target.name} in pod ${podText(this.#pod)}`);
          target.waiting = { reason: 'CrashLoopBackOff', message: step.backoff };
        }
        return step.milliseconds;
      case 'discard': {
        const made = target.current;
        delete target.current;
        if (made !== undefined) this.#discard(target.name, made);
        this.wake();
        return undefined;
      }
    }
  }

  // ---- activities

  #start(step: Step & { readonly do: 'start' }): void {
    const { container, target, after } = step;
    const { sandbox } = this.#record;
    if (sandbox === undefined || target.busy) return;
    target.busy = true;
    if (after !== undefined) this.#services.restarts.next(restartKey(this.#pod, container), Date.parse(after.finishedAt ?? '') || 0);
    const commit = Promise.withResolvers<void>();
    const started = startContainer(this.#services, {
      pod: this.#pod,
      record: this.#record,
      sandbox,
      container,
      target,
      attempt: step.attempt,
      cancelled: () => this.#ending,
      committed: () => this.#starts.set(container.name, commit.promise),
      discard: (attempt) => this.#discard(container.name, attempt),
      progressed: () => {
        target.restartAsked = false;
        this.wake();
      },
      ended: (attempt) => this.#ended(container.name, attempt),
    })
      .then(() => {
        delete target.retryAt;
        if (target.current?.phase !== 'exited') delete target.waiting;
        return undefined;
      })
      .catch((error: unknown) => {
        if (error instanceof Cancelled) return;
        this.#startFailed(container, target, after, error instanceof StartFailure ? error : new StartFailure('CreateContainerError', messageOf(error)));
      })
      .finally(() => {
        target.busy = false;
        this.#starts.delete(container.name);
        commit.resolve();
        this.wake();
      });
    void started;
  }

  #startFailed(container: Container, target: ContainerRecord, after: Attempt | undefined, failure: StartFailure): void {
    const { current } = target;
    const now = this.#services.clock.now();
    if (current?.phase === 'exited' && current !== after) {
      // It was made and came to an end: the rules of restarts say when it is tried again, or that it is over.
      if (restartsAfter(this.#pod, container, current.exitCode ?? 0)) target.waiting = { reason: failure.reason, message: failure.message };
      return;
    }
    target.retryAt = now + (failure.reason === 'ErrImagePull' ? PULL_SHOWN_MS : (failure.retryAfter ?? CONFIG_RETRY_MS));
    if (failure.reason === 'ContainerCreating') {
      delete target.waiting;
      delete target.retryAt;
    } else if (target.waiting?.reason !== failure.reason || target.waiting.message !== failure.message) target.waiting = { reason: failure.reason, message: failure.message };
  }

  #stop(target: ContainerRecord, container: Container | undefined, message: string, restart: boolean, graceSeconds?: number): void {
    if (target.busy && target.current?.hooked !== false) return;
    if (this.#ending || target.current?.phase !== 'running') return;
    target.busy = true;
    target.restartAsked = restart;
    const attempt = target.current;
    this.#probing.stop(target.name);
    void stopContainer(this.#services, {
      pod: this.#pod,
      container,
      target,
      podIP: this.#record.sandbox?.ips[0] ?? '',
      graceSeconds: graceSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30,
      message,
      ended: () => this.#ended(target.name, attempt),
    })
      .catch((error: unknown) => console.warn(`stopping container ${target.name} of pod ${podText(this.#pod)}: ${messageOf(error)}`))
      .finally(() => {
        target.busy = false;
        this.wake();
      });
  }

  #resize(step: ReturnType<typeof planResize>[number]): void {
    if (step.restart) return this.#stop(step.target, step.container, `Container ${step.container.name} resize requires restart, will be restarted`, true);
    step.target.busy = true;
    void applyResize(this.#services, this.#pod, step)
      .catch((error: unknown) => tell(this.#services, this.#pod, step.target, 'Warning', 'ResizeError', messageOf(error)))
      .finally(() => {
        step.target.busy = false;
        this.wake();
      });
  }

  #end(): void {
    if (!this.#ending) {
      this.#ending = true;
      this.#probing.endRestarts();
    }
    // What is being made must be there before it can be taken away: these stages wake the worker when they are through.
    if (this.#sandboxStage.running || this.#volumeStage.running) return;
    const grace = this.#graceSeconds ?? graceOf(this.#pod);
    const wait = this.#run(this.#endStage, async () => {
      await endContainers(this.#services, {
        pod: this.#pod,
        record: this.#record,
        graceSeconds: Math.max(1, grace),
        startsSettled: async () => void (await Promise.allSettled(this.#starts.values())),
        ended: (name, attempt) => this.#ended(name, attempt),
      });
      this.#probing.stop();
      await releasePod(this.#services, this.#pod, this.#record);
      this.#released = true;
      this.#services.images.forgetOwner(this.uid);
      this.#services.restarts.forget(`restart/${this.uid}/`);
    });
    this.#later(wait);
  }

  /** The grace got shorter while the containers were ending. */
  #hurry(graceSeconds: number): void {
    for (const { current } of this.#record.containers.values())
      if (current?.phase === 'running') this.#services.runtime.stop(current.id, Math.max(1, graceSeconds)).catch(() => undefined);
  }

  /** The last status is out: now the API server may forget the pod. */
  #confirm(): void {
    if (this.#confirmed) return;
    const wait = this.#run(this.#confirmStage, async () => {
      this.#publish();
      await this.#host.writer.flushed(this.uid);
      await this.#services.cluster.confirmPodDeleted(this.#pod);
      this.#confirmed = true;
    });
    this.#later(wait);
  }

  #vanish(): void {
    const wait = this.#run(this.#confirmStage, async () => {
      await removeContainers(this.#services, this.#record);
      await this.#host.journal.remove(this.uid);
      this.close();
      this.#host.finished(this.uid);
    });
    this.#later(wait);
  }

  // ---- ends

  async #sawEnd(containerId: string): Promise<void> {
    const { sandbox } = this.#record;
    if (sandbox?.id === containerId) {
      if (sandbox.phase === 'running') sandbox.phase = 'exited';
      return this.wake();
    }
    for (const { name, current } of this.#record.containers.values()) if (current?.id === containerId && current.phase === 'running') return this.#ended(name, current);
  }

  /** Looks up how it ended, again and again if the runtime does not say. */
  async #ended(name: string, attempt: Attempt): Promise<void> {
    await this.#attempt(
      newStage(),
      () => recordEnd(this.#services, this.uid, name, attempt),
      () => undefined,
    );
    const target = this.#record.containers.get(name);
    if (target?.current === attempt && attempt.phase === 'exited') {
      delete target.waiting;
      target.startupPassed = false;
      target.readinessPassed = false;
      this.#probing.stop(name);
    }
    this.wake();
  }

  #discard(name: string, attempt: Attempt): void {
    void this.#services.runtime
      .remove(attempt.id)
      .then(() => this.#services.files.forgetAttempt(this.uid, name, attempt.attempt))
      .catch(() => undefined);
  }

  // ---- helpers

  #probe(): void {
    const { spec } = this.#pod;
    const podIP = this.#record.sandbox?.ips[0] ?? '';
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const target = this.#record.containers.get(container.name);
      if (target !== undefined) this.#probing.follow(this.#pod, container, target, podIP);
    }
  }

  #status(over: boolean): PodStatus {
    const now = `${new Date(this.#services.clock.now()).toISOString().slice(0, 19)}Z`;
    return podStatus({ pod: this.#pod, record: this.#record, hostIPs: this.#services.nodeIPs, now, over });
  }

  #publish(): void {
    if (!this.#gone && !this.#confirmed) this.#host.writer.put(this.#pod, this.#status(this.#released));
  }

  /** A status has no place in the journal: only what decides how the pod runs, and what the downward API shows. */
  #remember(): void {
    const { metadata } = this.#pod;
    const version = JSON.stringify([metadata.generation, metadata.deletionTimestamp, metadata.labels, metadata.annotations]);
    if (version === this.#saved || this.#gone) return;
    this.#saved = version;
    const complain = (error: unknown): void => console.warn(`pod ${podText(this.#pod)}: ${messageOf(error)}`);
    this.#host.journal.save(this.#pod).catch(complain);
    if (this.#record.volumesReady) this.#services.volumes.refresh(this.#pod, () => ({ podIPs: this.#record.sandbox?.ips ?? [], hostIPs: this.#services.nodeIPs })).catch(complain);
  }

  #later(milliseconds: number | undefined): void {
    if (milliseconds !== undefined) this.#cancelTimer = this.#services.clock.after(Math.max(1, milliseconds), () => this.wake());
  }

  /** Runs a stage unless it runs or waits; wakes the worker at its end. The answer: milliseconds until it may run again. */
  #run(stage: Stage, work: () => Promise<void>): number | undefined {
    if (stage.running) return undefined;
    const wait = stage.retryAt - this.#services.clock.now();
    if (wait > 0) return wait;
    stage.running = true;
    work()
      .then(() => (stage.failures = 0))
      .catch((error: unknown) => {
        const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** stage.failures++);
        stage.retryAt = this.#services.clock.now() + pause * (0.75 + this.#services.random() / 4);
        console.warn(`pod ${podText(this.#pod)}: ${messageOf(error)}`);
      })
      .finally(() => {
        stage.running = false;
        this.wake();
      });
    return undefined;
  }

  /** Tries until it works, or the worker is closed. */
  async #attempt(stage: Stage, work: () => Promise<void>, done: () => void): Promise<void> {
    while (!this.#finished) {
      try {
        await work();
        done();
        this.wake();
        return;
      } catch (error) {
        const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** stage.failures++);
        console.warn(`pod ${podText(this.#pod)}: ${messageOf(error)}`);
        await new Promise<void>((resolve) => void this.#services.clock.after(pause, resolve));
      }
    }
  }
}
