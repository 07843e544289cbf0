/** Whether the container runtime answers: asked every few seconds, and at once when a call of somebody failed. */
import type { Clock } from '#machinery/clock.ts';
import { pause } from '../api/pause.ts';
import { messageOf } from '../pods/failure.ts';
import type { ContainerRuntime } from '../runtime/port.ts';

const WELL_MS = 10_000;
const ILL_MS = 1_000;
/** After a call that ran into its deadline the runtime counts as hung this long, or until a later call that changes something succeeds. */
const HUNG_MS = 60_000;

export interface RuntimeHealth {
  /** Undefined: well. */
  problem(): string | undefined;
  /** What calls met with; `changing`: it was more than a question. */
  observe(outcome: 'answered' | 'timeout' | 'unavailable', verb: string): void;
  run(signal: AbortSignal): Promise<void>;
}

export function createRuntimeHealth(runtime: Pick<ContainerRuntime, 'ping'>, clock: Clock, changed: (problem: string | undefined) => void): RuntimeHealth {
  let down: string | undefined = 'container runtime status check may not have completed yet';
  let hungAt: number | undefined;
  let told: string | undefined;
  let hurry = new AbortController();

  const problem = (): string | undefined =>
    down ?? (hungAt !== undefined && clock.now() - hungAt < HUNG_MS ? 'container runtime is hanging: a call ran into its deadline' : undefined);
  const tell = (): void => {
    const now = problem();
    if (now === told) return;
    told = now;
    changed(now);
  };

  return {
    problem,
    observe(outcome, verb) {
      if (verb.endsWith('/_ping')) return;
      if (outcome === 'timeout') hungAt = clock.now();
      else if (outcome === 'answered' && !verb.startsWith('GET')) hungAt = undefined;
      if (outcome !== 'answered') hurry.abort();
      tell();
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await runtime.ping();
          down = undefined;
        } catch (error) {
          down = `container runtime is down: ${messageOf(error)}`;
        }
        tell();
        hurry = new AbortController();
        await pause(clock, down === undefined ? WELL_MS : ILL_MS, AbortSignal.any([signal, hurry.signal]));
      }
    },
  };
}
