/** Mutating plugins run a second time when a webhook or a policy changed the object after they had their turn (`admission/reinvocation.go`). */
import { canonicalStringify } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';

export class Reinvocation {
  /** True during the second round. */
  again = false;
  /** Set by whoever changed the object. */
  wanted = false;
  readonly #states = new Map<string, ReinvocationState>();
  of(plugin: string): ReinvocationState {
    let state = this.#states.get(plugin);
    if (state === undefined) this.#states.set(plugin, (state = new ReinvocationState()));
    return state;
  }
}

/** What one plugin remembers between the rounds. */
export class ReinvocationState {
  #output: string | undefined;
  readonly #eligible = new Set<string>();
  readonly #required = new Set<string>();

  /** Begins a round: whoever was called before is called again if others changed the object since. */
  begin(again: boolean, object: KubeObject | undefined): void {
    if (again && object !== undefined && this.#output !== canonicalStringify(object)) this.requireAll();
  }

  requireAll(): void {
    for (const id of this.#eligible) this.#required.add(id);
    this.#eligible.clear();
  }

  /** `id` may be called again when something changes after it. */
  eligible(id: string): void {
    this.#eligible.add(id);
  }

  isRequired(id: string): boolean {
    return this.#required.has(id);
  }

  end(object: KubeObject | undefined): void {
    this.#output = object === undefined ? undefined : canonicalStringify(object);
  }
}
