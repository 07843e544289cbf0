/** What a pod needs before its containers can run: its volumes and its sandbox, made side by side. */
import { messageOf } from './failure.ts';
import { tell } from './pod-events.ts';
import { makeSandbox, removeSandbox } from './sandbox.ts';
import { Stage, type PodWork } from './work.ts';

export class Preparation {
  readonly #work: PodWork;
  readonly #sandboxStage: Stage;
  readonly #volumeStage: Stage;

  constructor(work: PodWork) {
    this.#work = work;
    this.#sandboxStage = new Stage(work);
    this.#volumeStage = new Stage(work);
  }

  get running(): boolean {
    return this.#sandboxStage.running || this.#volumeStage.running;
  }

  retry(): void {
    for (const stage of [this.#sandboxStage, this.#volumeStage]) stage.hurry();
  }

  /** Milliseconds until what failed is tried again. */
  advance(): number | undefined {
    const waits = [this.#volumes(), this.#sandbox()].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  #volumes(): number | undefined {
    const { services, record } = this.#work;
    if (record.volumesReady) return undefined;
    return this.#volumeStage.run(async () => {
      try {
        await services.volumes.setUp(this.#work.pod, () => ({ podIPs: record.sandbox?.ips ?? [], hostIPs: services.nodeIPs }));
        record.volumesReady = true;
      } catch (error) {
        tell(services, this.#work.pod, undefined, 'Warning', 'FailedMount', messageOf(error));
        throw error;
      }
    });
  }

  #sandbox(): number | undefined {
    const { services, record } = this.#work;
    const { sandbox } = record;
    if (sandbox !== undefined && sandbox.phase !== 'exited') return undefined;
    return this.#sandboxStage.run(async () => {
      const { pod } = this.#work;
      if (sandbox !== undefined) {
        if (sandbox.ips.length > 0) tell(services, pod, undefined, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
        await removeSandbox(services, pod, sandbox.id);
      }
      const made = await makeSandbox(services, pod, record, sandbox === undefined ? 0 : sandbox.attempt + 1);
      this.#work.wake();
      await made.ready;
    });
  }
}
