/** Evaluates expressions over one request, within a budget, waiting for the authorizer where one asks it. */
import { CelCostError, CelEvaluationError, type CelResult, type CompiledCel } from '#machinery/cel/api.ts';
import { parsedSelectors } from '../../authz/selectors.ts';
import { authorizerValue, type CelCheck, type CelDecision, resourceAuthorizerValue } from '#machinery/cel/functions/authorization.ts';
import type { CelObjectType } from '#machinery/cel/types.ts';
import { LazyObject } from '#machinery/cel/values.ts';
import type { CompiledVariable } from '#kinds/admissionregistration/environment.ts';
import type { KubeObject } from '#machinery/object.ts';
import { AUTHENTICATED_GROUP, type User } from '../../authn/port.ts';
import type { Services } from '../../server.port.ts';
import type { AdmissionAttributes } from '../port.ts';
import { namespaceOf, nameOf } from './request.ts';

/** A decision that an expression needs and that is not known yet. */
class Awaited extends Error {
  readonly check: CelCheck;
  constructor(check: CelCheck) {
    super('a decision of the authorizer is awaited');
    this.check = check;
  }
}

/** An expression asks the authorizer at most as often as its cost allows; this bounds what else may go wrong. */
const MAX_DECISIONS = 100;

/** What the authorizer said during one request. */
export class Decisions {
  readonly #known = new Map<string, CelDecision>();
  readonly #services: Services;
  readonly #user: User;
  constructor(services: Services, user: User) {
    this.#services = services;
    this.#user = user;
  }

  readonly decide = (check: CelCheck): CelDecision => {
    const known = this.#known.get(JSON.stringify(check));
    if (known === undefined) throw new Awaited(check);
    return known;
  };

  async settle<T>(run: () => T): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return run();
      } catch (error) {
        if (!(error instanceof Awaited) || tries >= MAX_DECISIONS) throw error;
        this.#known.set(JSON.stringify(error.check), await this.#ask(error.check));
      }
    }
  }

  async #ask(check: CelCheck): Promise<CelDecision> {
    const { serviceAccount: account, fieldSelector, labelSelector, ...attributes } = check;
    const user: User =
      account === undefined
        ? this.#user
        : {
            name: `system:serviceaccount:${account.namespace}:${account.name}`,
            groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, AUTHENTICATED_GROUP],
          };
    try {
      const { outcome, reason } = await this.#services.authorizer.authorize({
        ...attributes,
        ...parsedSelectors(fieldSelector, labelSelector),
        user,
        version: attributes.isResource ? '*' : '',
      });
      return { allowed: outcome === 'allow', reason };
    } catch (error) {
      return { allowed: false, reason: '', error: (error as Error).message };
    }
  }
}

export interface Subject {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly request: unknown;
  readonly namespaceObject: unknown;
  readonly params: unknown;
}

export type Evaluated = { readonly result: CelResult; readonly error?: undefined } | { readonly result?: undefined; readonly error: string };

/** More was spent than all expressions of a policy or webhook may cost together. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export interface Variables {
  readonly type: CelObjectType;
  readonly compiled: readonly CompiledVariable[];
}

export class Evaluation {
  readonly #decisions: Decisions;
  readonly #bindings: Record<string, unknown>;
  #left: number;

  constructor(decisions: Decisions, attributes: AdmissionAttributes, subject: Subject, budget: number, variables?: Variables) {
    const { group, resource, subresource } = attributes;
    this.#decisions = decisions;
    this.#left = budget;
    this.#bindings = {
      // null is a value of its own here, absent an error
      object: subject.object ?? null,
      oldObject: subject.oldObject ?? null,
      request: subject.request,
      namespaceObject: subject.namespaceObject ?? null,
      params: subject.params ?? null,
      authorizer: authorizerValue(decisions.decide),
      'authorizer.requestResource': resourceAuthorizerValue(decisions.decide, { group, resource, subresource, namespace: namespaceOf(attributes), name: nameOf(attributes) }),
    };
    if (variables !== undefined) this.#bindings['variables'] = this.#lazy(variables);
  }

  get left(): number {
    return this.#left;
  }

  /** Each variable is evaluated when it is first named, and then kept. */
  #lazy({ type, compiled }: Variables): LazyObject {
    const byName = new Map(compiled.map((variable) => [variable.name, variable]));
    return new LazyObject(type, (name) => {
      const { compiled: expression, error } = byName.get(name)!;
      if (expression === undefined) throw new CelEvaluationError(`composited variable ${JSON.stringify(name)} fails to compile: ${error}`);
      try {
        const { value, cost } = expression.evaluate(this.#bindings, this.#left);
        this.#spend(cost);
        return value;
      } catch (error_) {
        if (error_ instanceof CelEvaluationError) throw new CelEvaluationError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error_.message}`);
        throw error_;
      }
    });
  }

  #spend(cost: number): void {
    if (cost > this.#left) throw new OutOfBudget();
    this.#left -= cost;
  }

  /** @throws OutOfBudget */
  async evaluate(expression: CompiledCel): Promise<Evaluated> {
    try {
      const result = await this.#decisions.settle(() => expression.evaluate(this.#bindings, this.#left));
      this.#spend(result.cost);
      return { result };
    } catch (error) {
      if (error instanceof CelEvaluationError) return { error: `expression '${expression.expression}' resulted in error: ${error.message}` };
      if (error instanceof CelCostError) {
        // over its own limit it is an error like others; over what was left nothing more runs
        if (this.#left < expression.limit) throw new OutOfBudget();
        this.#spend(expression.limit);
        return { error: `expression '${expression.expression}' resulted in error: ${error.message}` };
      }
      throw error;
    }
  }
}

export interface Conditions {
  readonly names: readonly string[];
  readonly compiled: readonly (CompiledCel | string)[];
}

export type ConditionsResult = { readonly matches: boolean; readonly error?: string };

/** All must hold; one that does not decides, also beside errors. @param failClosed what an error means otherwise */
export async function conditionsHold({ compiled }: Conditions, evaluation: Evaluation, failClosed: boolean): Promise<ConditionsResult> {
  const errors: string[] = [];
  try {
    for (const condition of compiled) {
      const { result, error } = typeof condition === 'string' ? { result: undefined, error: `compilation error: ${condition}` } : await evaluation.evaluate(condition);
      if (error !== undefined) errors.push(error);
      else if (result!.value === false) return { matches: false };
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return failClosed ? { matches: false, error: error.message } : { matches: false };
  }
  if (errors.length === 0) return { matches: true };
  return failClosed ? { matches: false, error: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` } : { matches: false };
}

/** Units that all match conditions of one webhook or policy may cost together. */
export const CONDITIONS_BUDGET = 2_500_000;

/** The fields of a namespace that expressions see. */
export function namespaceView(namespace: KubeObject | undefined): unknown {
  if (namespace === undefined) return undefined;
  const { metadata, ...rest } = namespace;
  return { metadata: { ...metadata, UID: metadata.uid }, ...rest };
}
