/** Runs the plug-ins of a server over one write. */
import type { Write } from '#store/port.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Call } from '../context.ts';
import { Reinvocation } from './extension/reinvocation.ts';
import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices, Operation } from './port.ts';

export interface Admission {
  readonly attributes: AdmissionAttributes;
  /** What must commit together with the object. */
  readonly writes: readonly Write[];
  /** @returns whether something was put in that may lack its defaults */
  mutate(): Promise<boolean>;
  allocate(): Promise<void>;
  validate(): Promise<void>;
  removing(): Promise<void>;
}

export interface AdmissionInput {
  readonly operation: Operation;
  readonly name: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
}

export function admission(call: Call, input: AdmissionInput): Admission {
  const { parts, kind } = call;
  const writes: Write[] = [];
  const attributes: AdmissionAttributes = {
    ...input,
    kind,
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: call.subresource,
    namespace: call.namespace,
    options: input.options ?? {},
    user: call.user,
    warn: (text) => void call.warnings.push(text),
    annotate: (key, value) => void (call.annotations !== undefined && (call.annotations[key] = value)),
    reinvocation: new Reinvocation(),
    addWrites: (more) => void writes.push(...more),
  };
  const services: AdmissionServices = { store: parts.store, context: { clock: parts.clock, ids: parts.ids } };
  const plugins = parts.admission.filter((plugin) => plugin.handles(attributes));
  return {
    attributes,
    writes,
    mutate: () => mutate(plugins, attributes, services),
    async allocate() {
      for (const plugin of plugins) {
        const done = plugin.allocate?.(attributes, services);
        if (done !== undefined) await done;
      }
    },
    async validate() {
      for (const plugin of plugins) {
        const done = plugin.validate?.(attributes, services);
        if (done !== undefined) await done;
      }
    },
    async removing() {
      for (const plugin of plugins) {
        const done = plugin.removing?.(attributes, services);
        if (done !== undefined) await done;
      }
    },
  };
}

/**
 * Twice where a webhook or a policy changed the object: what runs before them has not seen it yet.
 * @returns whether something was put in that may lack its defaults
 */
export async function mutate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes, services: AdmissionServices): Promise<boolean> {
  const { reinvocation } = attributes;
  let complete = true;
  for (const plugin of plugins) {
    if (plugin.admit === undefined) continue;
    complete &&= plugin.complete === true;
    const done = plugin.admit(attributes, services);
    if (done !== undefined) await done;
  }
  if (!reinvocation.wanted) return !complete;
  reinvocation.again = true;
  for (const plugin of plugins) if (plugin.once !== true) await plugin.admit?.(attributes, services);
  return true;
}
