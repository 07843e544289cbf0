/** What the phases of one pod's worker share: the pod as it was last seen, what there is of it, and how to look again. */
import type { Clock } from '#machinery/clock.ts';
import { messageOf } from './failure.ts';
import { podText, type Pod } from './pod.ts';
import type { PodRecord } from './record.ts';
import type { NodeServices } from './services.ts';

/** Between tries of what failed for a reason outside the pod (volumes, sandbox, configuration): 1 s doubling to this. */
const LONGEST_RETRY_MS = 10_000;
const FIRST_RETRY_MS = 1_000;

export interface PodWork {
  readonly services: NodeServices;
  pod: Pod;
  record: PodRecord;
  /** Nothing more may be made. */
  ending: boolean;
  /** The worker is closed. */
  finished: boolean;
  /** Looks at the pod soon. */
  wake(): void;
}

const complain = (work: PodWork, error: unknown): void => console.warn(`pod ${podText(work.pod)}: ${messageOf(error)}`);
const pauseAfter = (failures: number): number => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);

/** Something that is done once at a time and tried again with longer and longer pauses. */
export class Stage {
  readonly #work: PodWork;
  #running = false;
  #failures = 0;
  #retryAt = 0;

  constructor(work: PodWork) {
    this.#work = work;
  }

  get running(): boolean {
    return this.#running;
  }

  /** The next try need not wait. */
  hurry(): void {
    this.#retryAt = 0;
  }

  /** Runs unless it runs or waits; wakes the worker at its end. The answer: milliseconds until it may run again. */
  run(task: () => Promise<void>): number | undefined {
    if (this.#running) return undefined;
    const { services } = this.#work;
    const wait = this.#retryAt - services.clock.now();
    if (wait > 0) return wait;
    this.#running = true;
    task()
      .then(() => (this.#failures = 0))
      .catch((error: unknown) => {
        this.#retryAt = services.clock.now() + pauseAfter(this.#failures++) * (0.75 + services.random() / 4);
        complain(this.#work, error);
      })
      .finally(() => {
        this.#running = false;
        this.#work.wake();
      });
    return undefined;
  }
}

const sleep = (clock: Clock, milliseconds: number): Promise<void> => new Promise((resolve) => void clock.after(milliseconds, resolve));

/** Tries until it works, or the worker is closed; then wakes it. */
export async function persist(work: PodWork, task: () => Promise<void>): Promise<boolean> {
  for (let failures = 0; !work.finished; failures++) {
    try {
      await task();
      work.wake();
      return true;
    } catch (error) {
      complain(work, error);
      await sleep(work.services.clock, pauseAfter(failures));
    }
  }
  return false;
}
