/** The webhooks of all configurations, in order, and whether one is to be called (`plugin/webhook/generic`). */
import { type CompiledCel, CelCompileError } from '#machinery/cel/api.ts';
import { compileExpression } from '#kinds/admissionregistration/environment.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '#kinds/generated/types.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { Services } from '../../../server.port.ts';
import type { AdmissionAttributes } from '../../port.ts';
import { type Conditions, CONDITIONS_BUDGET, conditionsHold, type Decisions, Evaluation } from '../evaluation.ts';
import { matchedBy, namespaceMatches, objectMatches } from '../matching.ts';
import { type Matched, nameOf, requestOf, type Versioned } from '../request.ts';

export type Webhook = MutatingWebhook;
export type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

export interface Hook {
  readonly webhook: Webhook;
  readonly configuration: string;
  /** Tells webhooks of one configuration apart. */
  readonly id: string;
}

const hooksOf = new WeakMap<Configuration, readonly Hook[]>();

export function hooks(configurations: readonly Configuration[]): readonly Hook[] {
  return configurations.flatMap((configuration) => {
    let found = hooksOf.get(configuration);
    if (found === undefined) {
      const name = configuration.metadata.name ?? '';
      const counts = new Map<string, number>();
      found = (configuration.webhooks ?? []).map((webhook) => {
        const count = counts.get(webhook.name) ?? 0;
        counts.set(webhook.name, count + 1);
        return { webhook: webhook as Webhook, configuration: name, id: `${name}/${webhook.name}/${count}` };
      });
      hooksOf.set(configuration, found);
    }
    return found;
  });
}

const compiledConditions = new WeakMap<Webhook, Conditions>();

function conditionsOf(webhook: Webhook): Conditions {
  let found = compiledConditions.get(webhook);
  if (found === undefined) {
    const conditions = webhook.matchConditions ?? [];
    const compiled = conditions.map(({ expression }): CompiledCel | string => {
      try {
        return compileExpression(expression, { hasParams: false, hasAuthorizer: true }, 'bool');
      } catch (error) {
        if (error instanceof CelCompileError) return error.message;
        throw error;
      }
    });
    compiledConditions.set(webhook, (found = { names: conditions.map(({ name }) => name), compiled }));
  }
  return found;
}

/** @returns what the hook is called for, or nothing @throws ApiError where that cannot be said */
export async function shouldCall(
  services: Services,
  { webhook }: Hook,
  attributes: AdmissionAttributes,
  decisions: Decisions,
  versionedAs: (matched: Matched) => Promise<Versioned>,
): Promise<Matched | undefined> {
  // the cheap questions first: most hooks are not for most requests
  const matched = matchedBy(services, webhook.rules, webhook.matchPolicy, attributes);
  if (matched === undefined || !objectMatches(webhook.objectSelector, attributes)) return undefined;
  if (!(await namespaceMatches(services, webhook.namespaceSelector, attributes))) return undefined;
  const conditions = conditionsOf(webhook);
  if (conditions.compiled.length === 0) return matched;
  const { object, oldObject } = await versionedAs(matched);
  const subject = { object, oldObject, request: requestOf(attributes, matched), namespaceObject: undefined, params: undefined };
  const evaluation = new Evaluation(decisions, attributes, subject, CONDITIONS_BUDGET);
  const { matches, error } = await conditionsHold(conditions, evaluation, webhook.failurePolicy !== 'Ignore');
  if (error !== undefined) throw forbiddenRequest({ group: attributes.group, resource: attributes.resource }, nameOf(attributes), error);
  return matches ? matched : undefined;
}
