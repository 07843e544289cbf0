/** MutatingAdmissionWebhook and ValidatingAdmissionWebhook. */
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '#kinds/generated/types.ts';
import { jsonPatch, whyNot } from '#machinery/json-patch.ts';
import { ApiError, internalError } from '#machinery/status.ts';
import type { Services } from '../../../server.port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../port.ts';
import { Decisions } from '../evaluation.ts';
import { follow } from '../followed.ts';
import { takeOver } from '../mutated.ts';
import { isExempt, type Matched, type Versioned, versioned } from '../request.ts';
import { type Hook, hooks, shouldCall } from './hooks.ts';
import { ask, CallFailed, internal } from './review.ts';

const GROUP = 'admissionregistration.k8s.io';
const MUTATING = 'MutatingAdmissionWebhook';

export function mutatingWebhooks(services: () => Services): AdmissionPlugin {
  const configurations = follow<MutatingWebhookConfiguration>(() => services().store, `mutatingwebhookconfigurations.${GROUP}`);
  return {
    name: MUTATING,
    complete: true,
    handles: (attributes) => !isExempt(attributes),
    admit(attributes) {
      const items = configurations.items();
      if (items instanceof Promise) return items.then((loaded) => mutate(services(), hooks(loaded), attributes));
      return items.length === 0 ? undefined : mutate(services(), hooks(items), attributes);
    },
  };
}

async function mutate(services: Services, all: readonly Hook[], attributes: AdmissionAttributes): Promise<void> {
  const { reinvocation } = attributes;
  const state = reinvocation.of(MUTATING);
  state.begin(reinvocation.again, attributes.object);
  const decisions = new Decisions(services, attributes.user);
  for (const [index, hook] of all.entries()) {
    // an earlier hook may have changed what this one is about: versions are made anew each time
    const matched = await shouldCall(services, hook, attributes, decisions, (one) => versioned(services, attributes, one.kind));
    if (matched === undefined || (reinvocation.again && !state.isRequired(hook.id))) continue;
    const round = reinvocation.again ? 1 : 0;
    const changed = await callMutating(services, hook, matched, attributes, `round_${round}_index_${index}`);
    if (changed) {
      state.requireAll();
      reinvocation.wanted = true;
    }
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') state.eligible(hook.id);
  }
  state.end(attributes.object);
}

async function callMutating(services: Services, hook: Hook, matched: Matched, attributes: AdmissionAttributes, place: string): Promise<boolean> {
  const { webhook, configuration } = hook;
  const objects = await versioned(services, attributes, matched.kind);
  let changed = false;
  try {
    const patch = await ask(services, hook, attributes, matched, objects, true);
    if (patch !== undefined) {
      if (objects.object === undefined)
        throw internalError(`admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`);
      changed = await takeOver(services, attributes, matched.kind, objects.object, patched(objects.object, patch));
      attributes.annotate?.(`patch.webhook.admission.k8s.io/${place}`, JSON.stringify({ configuration, webhook: webhook.name, patch, patchType: 'JSONPatch' }));
    }
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    if (webhook.failurePolicy !== 'Ignore') throw internal(error);
    services.log('a webhook failed and is ignored', error);
    attributes.annotate?.(`failed-open.mutation.webhook.admission.k8s.io/${place}`, webhook.name);
  }
  attributes.annotate?.(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify({ configuration, webhook: webhook.name, mutated: changed }));
  return changed;
}

function patched(object: unknown, patch: unknown): unknown {
  try {
    return jsonPatch(object, patch);
  } catch (error) {
    if (error instanceof ApiError) throw internalError(whyNot(error), error);
    throw error;
  }
}

export function validatingWebhooks(services: () => Services): AdmissionPlugin {
  const configurations = follow<ValidatingWebhookConfiguration>(() => services().store, `validatingwebhookconfigurations.${GROUP}`);
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: (attributes) => !isExempt(attributes),
    validate(attributes) {
      const items = configurations.items();
      if (items instanceof Promise) return items.then((loaded) => validate(services(), hooks(loaded), attributes));
      return items.length === 0 ? undefined : validate(services(), hooks(items), attributes);
    },
  };
}

/** All at once; the first refusal, in order, is the answer. */
async function validate(services: Services, all: readonly Hook[], attributes: AdmissionAttributes): Promise<void> {
  const decisions = new Decisions(services, attributes.user);
  const made = new Map<string, Promise<Versioned>>();
  const versionedAs = ({ kind }: Matched): Promise<Versioned> => {
    const key = `${kind.group}/${kind.version}/${kind.kind}`;
    let found = made.get(key);
    if (found === undefined) made.set(key, (found = versioned(services, attributes, kind)));
    return found;
  };
  const calls: { readonly hook: Hook; readonly matched: Matched }[] = [];
  for (const hook of all) {
    const matched = await shouldCall(services, hook, attributes, decisions, versionedAs);
    if (matched !== undefined) calls.push({ hook, matched });
  }
  const outcomes = await Promise.allSettled(calls.map(async ({ hook, matched }) => ask(services, hook, attributes, matched, await versionedAs(matched), false)));
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue;
    const error: unknown = outcome.reason;
    if (!(error instanceof CallFailed)) throw error;
    const { webhook } = calls[index]!.hook;
    if (webhook.failurePolicy !== 'Ignore') throw internal(error);
    services.log('a webhook failed and is ignored', error);
    attributes.annotate?.(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, webhook.name);
  }
}
