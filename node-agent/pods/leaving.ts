/**
 * A pod's way out: its containers end and what it held is given back; then, where it was deleted, the API server may forget it; and when
 * it has, the dead containers go too.
 */
import type { Activities } from './activities.ts';
import { endContainers, releasePod, removeContainers } from './ending.ts';
import type { PodJournal } from './journal.ts';
import { graceOf } from './pod.ts';
import type { StatusWriter } from './status-writer.ts';
import { Stage, type PodWork } from './work.ts';

export interface LeavingHost {
  readonly writer: StatusWriter;
  readonly journal: PodJournal;
  /** Puts the last status down. */
  publish(): void;
  /** Nothing is left of the pod. */
  vanished(): void;
}

export class Leaving {
  readonly #work: PodWork;
  readonly #activities: Activities;
  readonly #host: LeavingHost;
  readonly #endStage: Stage;
  readonly #confirmStage: Stage;
  /** Containers, network and volumes are gone. */
  released = false;
  /** The API server knows that the pod is no more. */
  confirmed = false;
  /** In place of the pod's own. */
  graceSeconds: number | undefined;

  constructor(work: PodWork, activities: Activities, host: LeavingHost) {
    this.#work = work;
    this.#activities = activities;
    this.#host = host;
    this.#endStage = new Stage(work);
    this.#confirmStage = new Stage(work);
  }

  retry(): void {
    for (const stage of [this.#endStage, this.#confirmStage]) stage.hurry();
  }

  /** No more starts from here on. */
  begin(): void {
    if (this.#work.ending) return;
    this.#work.ending = true;
    this.#activities.probing.endRestarts();
  }

  /** Milliseconds until it is tried again. */
  end(): number | undefined {
    const { services, pod, record } = this.#work;
    const grace = this.graceSeconds ?? graceOf(pod);
    return this.#endStage.run(async () => {
      await endContainers(services, {
        pod: this.#work.pod,
        record,
        graceSeconds: Math.max(1, grace),
        startsSettled: () => this.#activities.startsSettled(),
        ended: (name, attempt) => this.#activities.ended(name, attempt),
      });
      this.#activities.probing.stop();
      await releasePod(services, this.#work.pod, record);
      this.released = true;
      services.images.forgetOwner(pod.metadata.uid);
      services.restarts.forget(`restart/${pod.metadata.uid}/`);
    });
  }

  /** The grace got shorter while the containers were ending. */
  hurry(graceSeconds: number): void {
    const { services, record } = this.#work;
    for (const { current } of record.containers.values()) if (current?.phase === 'running') services.runtime.stop(current.id, Math.max(1, graceSeconds)).catch(() => undefined);
  }

  /** The last status is out: now the API server may forget the pod. */
  confirm(): number | undefined {
    if (this.confirmed) return undefined;
    const { services, pod } = this.#work;
    return this.#confirmStage.run(async () => {
      this.#host.publish();
      await this.#host.writer.flushed(pod.metadata.uid);
      await services.cluster.confirmPodDeleted(this.#work.pod);
      this.confirmed = true;
    });
  }

  vanish(): number | undefined {
    const { services, pod, record } = this.#work;
    return this.#confirmStage.run(async () => {
      await removeContainers(services, record);
      await this.#host.journal.remove(pod.metadata.uid);
      this.#host.vanished();
    });
  }
}
