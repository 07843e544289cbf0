/** ValidatingAdmissionPolicy: expressions that decide (`plugin/policy/validating`). */
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '#kinds/generated/types.ts';
import { RUNTIME_BUDGET } from '#machinery/cel/cel.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, forbiddenRequest, notFound } from '#machinery/status.ts';
import type { Services } from '../../../server.port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../port.ts';
import { read } from '../../read.ts';
import { CONDITIONS_BUDGET, conditionsHold, Decisions, Evaluation, namespaceView, OutOfBudget } from '../evaluation.ts';
import { isExempt, kindOf, type Matched, namespaceOf, nameOf, requestOf, type Versioned, versioned } from '../request.ts';
import { compilePolicy } from './compiled.ts';
import { type PolicyHook, policySource } from './hooks.ts';
import { ConfigurationError, matchResources, parametersOf } from './match.ts';

const GROUP = 'admissionregistration.k8s.io';
/** Bytes of a message that an expression makes, and of an annotation's value. */
const MAX_MESSAGE = 5 * 1024;
const MAX_ANNOTATION = 10 * 1024;
const MAX_FAILURES = 50;

type Hook = PolicyHook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

interface Decision {
  readonly deny: boolean;
  readonly message: string;
  readonly reason?: string;
}

interface Outcome {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly { readonly key: string; readonly value?: string; readonly error?: string }[];
}

interface Denied {
  readonly policy: string;
  readonly binding?: string;
  readonly message: string;
  readonly reason?: string;
}

export function validatingPolicies(services: () => Services): AdmissionPlugin {
  const source = policySource<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>(
    services,
    `validatingadmissionpolicies.${GROUP}`,
    `validatingadmissionpolicybindings.${GROUP}`,
  );
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: (attributes) => !isExempt(attributes),
    validate(attributes) {
      const hooks = source.hooks();
      if (hooks instanceof Promise) return hooks.then((loaded) => new Run(services(), attributes).run(loaded));
      return hooks.length === 0 ? undefined : new Run(services(), attributes).run(hooks);
    },
  };
}

/** The namespace of the request's object, where it is in one. @throws ApiError 404 */
export async function namespaceObject(services: Services, attributes: AdmissionAttributes): Promise<KubeObject | undefined> {
  const kind = kindOf(attributes);
  const name = kind.kind === 'Namespace' && kind.group === '' ? '' : namespaceOf(attributes);
  if (name === '') return undefined;
  const found = await read<KubeObject>(services.store, 'namespaces', '', name);
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, name);
  return found;
}

class Run {
  readonly #services: Services;
  readonly #attributes: AdmissionAttributes;
  readonly #decisions: Decisions;
  readonly #versions = new Map<string, Promise<Versioned>>();
  readonly #denied: Denied[] = [];
  readonly #failures: object[] = [];
  #namespace: Promise<KubeObject | undefined> | undefined;

  constructor(services: Services, attributes: AdmissionAttributes) {
    this.#services = services;
    this.#attributes = attributes;
    this.#decisions = new Decisions(services, attributes.user);
  }

  async run(hooks: readonly Hook[]): Promise<void> {
    for (const hook of hooks) await this.#hook(hook);
    if (this.#failures.length > 0) this.#attributes.annotate?.('validation.policy.admission.k8s.io/validation_failure', JSON.stringify(this.#failures.slice(0, MAX_FAILURES)));
    const [first] = this.#denied;
    if (first !== undefined) throw this.#refusal(first);
  }

  #refusal({ policy, binding, message, reason = 'Invalid' }: Denied): ApiError {
    const text = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`} denied request: ${message}`;
    const { group, resource } = this.#attributes;
    const { status } = forbiddenRequest({ group, resource }, nameOf(this.#attributes), text, [{ message: text }]);
    return new ApiError({ ...status, reason, code: CODES[reason] ?? 422 });
  }

  #configuration(error: unknown, policy: ValidatingAdmissionPolicy, binding?: string): void {
    if (!(error instanceof ConfigurationError) && !(error instanceof ApiError)) throw error;
    if (policy.spec?.failurePolicy === 'Ignore') return;
    this.#denied.push({
      policy: policy.metadata.name!,
      ...(binding === undefined ? {} : { binding }),
      message: `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`,
    });
  }

  async #hook({ policy, bindings }: Hook): Promise<void> {
    let matched: Matched | undefined;
    try {
      matched = await matchResources(this.#services, policy.spec?.matchConstraints, this.#attributes);
    } catch (error) {
      this.#configuration(error, policy);
      return;
    }
    if (matched === undefined) return;
    const annotations = new Map<string, string[]>();
    for (const binding of bindings) await this.#binding(policy, binding, matched, annotations);
    for (const [key, values] of annotations) this.#attributes.annotate?.(`${policy.metadata.name}/${key}`, values.join(', '));
  }

  async #binding(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding, matched: Matched, annotations: Map<string, string[]>): Promise<void> {
    const name = binding.metadata.name!;
    let parameters: readonly (KubeObject | undefined)[];
    try {
      if ((await matchResources(this.#services, binding.spec?.matchResources, this.#attributes)) === undefined) return;
      parameters = await parametersOf(this.#services, policy.spec?.paramKind, binding.spec?.paramRef, this.#attributes);
    } catch (error) {
      this.#configuration(error, policy, name);
      return;
    }
    for (const params of parameters) {
      const outcome = await this.#evaluate(policy, matched, params);
      for (const [index, decision] of outcome.decisions.entries()) if (decision.deny) this.#act(policy, binding, decision, index);
      for (const { key, value, error } of outcome.annotations) {
        if (error !== undefined) this.#denied.push({ policy: policy.metadata.name!, binding: name, message: error });
        else if (value !== undefined) {
          const cut = value.slice(0, MAX_ANNOTATION);
          const values = annotations.get(key) ?? [];
          if (!values.includes(cut)) annotations.set(key, [...values, cut]);
        }
      }
    }
  }

  #act(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding, { message, reason }: Decision, expressionIndex: number): void {
    const names = { policy: policy.metadata.name!, binding: binding.metadata.name! };
    const validationActions = binding.spec?.validationActions ?? [];
    for (const action of validationActions) {
      switch (action) {
        case 'Deny':
          this.#denied.push({ ...names, message, ...(reason === undefined ? {} : { reason }) });
          break;
        case 'Audit':
          this.#failures.push({ message, ...names, expressionIndex, validationActions });
          break;
        case 'Warn':
          this.#attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}': ${message}`);
          break;
        default:
      }
    }
  }

  #versioned({ kind }: Matched): Promise<Versioned> {
    const key = `${kind.group}/${kind.version}/${kind.kind}`;
    let found = this.#versions.get(key);
    if (found === undefined) this.#versions.set(key, (found = versioned(this.#services, this.#attributes, kind)));
    return found;
  }

  async #evaluate(policy: ValidatingAdmissionPolicy, matched: Matched, params: KubeObject | undefined): Promise<Outcome> {
    const compiled = compilePolicy(policy);
    const { object, oldObject } = await this.#versioned(matched);
    const namespace = await (this.#namespace ??= namespaceObject(this.#services, this.#attributes));
    const subject = { object, oldObject, request: requestOf(this.#attributes, matched), namespaceObject: namespaceView(namespace), params };
    const closed = policy.spec?.failurePolicy !== 'Ignore';
    const fail = (message: string): Outcome => ({ decisions: [{ deny: closed, message }], annotations: [] });
    const evaluationWith = (budget: number): Evaluation => new Evaluation(this.#decisions, this.#attributes, subject, budget, compiled.variables);
    if (compiled.conditions.compiled.length > 0) {
      const { matches, error } = await conditionsHold(compiled.conditions, evaluationWith(CONDITIONS_BUDGET), closed);
      if (error !== undefined) return fail(error);
      if (!matches) return { decisions: [], annotations: [] };
    }
    try {
      const decisions = await this.#validations(policy, evaluationWith(RUNTIME_BUDGET), closed);
      return { decisions, annotations: await this.#annotations(policy, evaluationWith(RUNTIME_BUDGET), closed) };
    } catch (error) {
      if (error instanceof OutOfBudget) return fail(error.message);
      throw error;
    }
  }

  async #validations(policy: ValidatingAdmissionPolicy, evaluation: Evaluation, closed: boolean): Promise<readonly Decision[]> {
    const { validations } = compilePolicy(policy);
    const decisions: Decision[] = [];
    for (const [index, { expression, message: messageExpression }] of validations.entries()) {
      const { result, error } =
        typeof expression === 'string' ? { result: undefined, error: `compilation error: compilation failed: ${expression}` } : await evaluation.evaluate(expression);
      if (error !== undefined) {
        decisions.push({ deny: closed, message: error });
        continue;
      }
      if (result!.value === true) {
        decisions.push({ deny: false, message: '' });
        continue;
      }
      const { expression: text, message = '', reason } = policy.spec!.validations![index]!;
      let own = '';
      if (messageExpression !== undefined && typeof messageExpression !== 'string') {
        try {
          const made = await evaluation.evaluate(messageExpression);
          if (typeof made.result?.value === 'string') own = made.result.value.trim();
        } catch (failed) {
          if (!(failed instanceof OutOfBudget)) throw failed;
          decisions.push({ deny: closed, message: `failed messageExpression: ${failed.message}` });
          continue;
        }
        if (Buffer.byteLength(own) > MAX_MESSAGE || own.includes('\n')) own = '';
      }
      decisions.push({ deny: true, message: own || message.trim() || `failed expression: ${text.trim()}`, reason: reason ?? 'Invalid' });
    }
    return decisions;
  }

  async #annotations(policy: ValidatingAdmissionPolicy, evaluation: Evaluation, closed: boolean): Promise<Outcome['annotations']> {
    const { annotations } = compilePolicy(policy);
    const made: Outcome['annotations'][number][] = [];
    for (const [index, expression] of annotations.entries()) {
      const { key } = policy.spec!.auditAnnotations![index]!;
      const { result, error } =
        typeof expression === 'string' ? { result: undefined, error: `compilation error: compilation failed: ${expression}` } : await evaluation.evaluate(expression);
      if (error !== undefined) {
        if (closed) made.push({ key, error });
      } else if (typeof result!.value === 'string' && result!.value.trim() !== '') made.push({ key, value: result!.value.trim() });
    }
    return made;
  }
}

const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };
