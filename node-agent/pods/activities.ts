/** Starts, stops, resizes and ends of a pod's containers: each runs beside the worker and wakes it when it is through. */
import { recordEnd } from './exit.ts';
import { StartFailure, messageOf } from './failure.ts';
import type { Step } from './plan.ts';
import { tell } from './pod-events.ts';
import { podText, type Container } from './pod.ts';
import { createProbing, type Probing } from './probing.ts';
import type { Attempt, ContainerRecord } from './record.ts';
import { applyResize, type planResize } from './resize.ts';
import { restartKey, restartsAfter } from './restart.ts';
import { Cancelled, startContainer } from './start.ts';
import { stopContainer } from './stop.ts';
import { persist, type PodWork } from './work.ts';

/** Of a container that cannot be made as it is asked for; what it lacks may come. */
const CONFIG_RETRY_MS = 10_000;
/** The error of a pull is shown this long before the pause until the next pull is. */
const PULL_SHOWN_MS = 1_000;

export class Activities {
  readonly #work: PodWork;
  readonly probing: Probing;
  /** Starts that may still make a container, by container name. */
  readonly #starts = new Map<string, Promise<void>>();

  constructor(work: PodWork) {
    this.#work = work;
    this.probing = createProbing(work.services, {
      changed: () => work.wake(),
      failed: (target, container, kind, grace) => {
        const will = restartsAfter(work.pod, container, 1);
        this.#stop(target, container, `Container ${container.name} failed ${kind} probe${will ? ', will be restarted' : ''}`, will, grace);
      },
    });
  }

  /** Does a step of the plan; the answer: milliseconds until the next look is due for it. */
  take(step: Step): number | undefined {
    const { services, pod } = this.#work;
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
          tell(services, pod, target, 'Warning', 'BackOff', `Back-off restarting failed container ${target.name} in pod ${podText(pod)}`);
          target.waiting = { reason: 'CrashLoopBackOff', message: step.backoff };
        }
        return step.milliseconds;
      case 'discard': {
        const made = target.current;
        delete target.current;
        if (made !== undefined) this.#discard(target.name, made);
        this.#work.wake();
        return undefined;
      }
    }
  }

  resize(step: ReturnType<typeof planResize>[number]): void {
    const { services, pod } = this.#work;
    if (step.restart) return this.#stop(step.target, step.container, `Container ${step.container.name} resize requires restart, will be restarted`, true);
    step.target.busy = true;
    void applyResize(services, pod, step)
      .catch((error: unknown) => tell(services, pod, step.target, 'Warning', 'ResizeError', messageOf(error)))
      .finally(() => {
        step.target.busy = false;
        this.#work.wake();
      });
  }

  /** Follows with probes what runs. */
  probe(): void {
    const { pod, record } = this.#work;
    const podIP = record.sandbox?.ips[0] ?? '';
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const target = record.containers.get(container.name);
      if (target !== undefined) this.probing.follow(pod, container, target, podIP);
    }
  }

  /** Resolves when no start is under way any more that could still make a container. */
  async startsSettled(): Promise<void> {
    await Promise.allSettled(this.#starts.values());
  }

  /** The runtime says that one of its containers ended. */
  async sawEnd(containerId: string): Promise<void> {
    const { record, wake } = this.#work;
    const { sandbox } = record;
    if (sandbox?.id === containerId) {
      if (sandbox.phase === 'running') sandbox.phase = 'exited';
      return wake();
    }
    for (const { name, current } of record.containers.values()) if (current?.id === containerId && current.phase === 'running') return this.ended(name, current);
  }

  /** Looks up how it ended, again and again if the runtime does not say. */
  async ended(name: string, attempt: Attempt): Promise<void> {
    const { services, pod } = this.#work;
    await persist(this.#work, () => recordEnd(services, pod.metadata.uid, name, attempt));
    const target = this.#work.record.containers.get(name);
    if (target?.current === attempt && attempt.phase === 'exited') {
      delete target.waiting;
      target.startupPassed = false;
      target.readinessPassed = false;
      this.probing.stop(name);
    }
    this.#work.wake();
  }

  #start(step: Step & { readonly do: 'start' }): void {
    const work = this.#work;
    const { services } = work;
    const { container, target, after } = step;
    const { sandbox } = work.record;
    if (sandbox === undefined || target.busy) return;
    target.busy = true;
    if (after !== undefined) services.restarts.next(restartKey(work.pod, container), Date.parse(after.finishedAt ?? '') || 0);
    const commit = Promise.withResolvers<void>();
    const started = startContainer(services, {
      pod: work.pod,
      record: work.record,
      sandbox,
      container,
      target,
      attempt: step.attempt,
      cancelled: () => work.ending,
      committed: () => this.#starts.set(container.name, commit.promise),
      discard: (attempt) => this.#discard(container.name, attempt),
      progressed: () => {
        target.restartAsked = false;
        work.wake();
      },
      ended: (attempt) => this.ended(container.name, attempt),
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
        work.wake();
      });
    void started;
  }

  #startFailed(container: Container, target: ContainerRecord, after: Attempt | undefined, failure: StartFailure): void {
    const { current } = target;
    const now = this.#work.services.clock.now();
    if (current?.phase === 'exited' && current !== after) {
      // It was made and came to an end: the rules of restarts say when it is tried again, or that it is over.
      if (restartsAfter(this.#work.pod, container, current.exitCode ?? 0)) target.waiting = { reason: failure.reason, message: failure.message };
      return;
    }
    target.retryAt = now + (failure.reason === 'ErrImagePull' ? PULL_SHOWN_MS : (failure.retryAfter ?? CONFIG_RETRY_MS));
    if (failure.reason === 'ContainerCreating') {
      delete target.waiting;
      delete target.retryAt;
    } else if (target.waiting?.reason !== failure.reason || target.waiting.message !== failure.message) target.waiting = { reason: failure.reason, message: failure.message };
  }

  #stop(target: ContainerRecord, container: Container | undefined, message: string, restart: boolean, graceSeconds?: number): void {
    const { services, pod, record, ending } = this.#work;
    if (target.busy && target.current?.hooked !== false) return;
    if (ending || target.current?.phase !== 'running') return;
    target.busy = true;
    target.restartAsked = restart;
    const attempt = target.current;
    this.probing.stop(target.name);
    void stopContainer(services, {
      pod,
      container,
      target,
      podIP: record.sandbox?.ips[0] ?? '',
      graceSeconds: graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30,
      message,
      ended: () => this.ended(target.name, attempt),
    })
      .catch((error: unknown) => console.warn(`stopping container ${target.name} of pod ${podText(pod)}: ${messageOf(error)}`))
      .finally(() => {
        target.busy = false;
        this.#work.wake();
      });
  }

  #discard(name: string, attempt: Attempt): void {
    const { services, pod } = this.#work;
    void services.runtime
      .remove(attempt.id)
      .then(() => services.files.forgetAttempt(pod.metadata.uid, name, attempt.attempt))
      .catch(() => undefined);
  }
}
