/** MutatingAdmissionPolicy: expressions that change the object (`plugin/policy/mutating`). */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '#kinds/generated/types.ts';
import { RUNTIME_BUDGET } from '#machinery/cel/cel.ts';
import { ListValue, StructValue } from '#machinery/cel/values.ts';
import { jsonPatch, whyNot } from '#machinery/json-patch.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, forbiddenRequest, unavailable } from '#machinery/status.ts';
import type { Services } from '../../../server.port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../port.ts';
import { CONDITIONS_BUDGET, conditionsHold, Decisions, Evaluation, namespaceView, OutOfBudget, type Subject } from '../evaluation.ts';
import { takeOver } from '../mutated.ts';
import { isExempt, type Matched, nameOf, requestOf, versioned } from '../request.ts';
import { atomics, laidOver, misplaced } from './apply.ts';
import { compilePolicy, type Expression } from './compiled.ts';
import { type PolicyHook, policySource } from './hooks.ts';
import { ConfigurationError, matchResources, parametersOf } from './match.ts';
import { namespaceObject } from './validating.ts';

const GROUP = 'admissionregistration.k8s.io';
const NAME = 'MutatingAdmissionPolicy';

type Hook = PolicyHook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;

interface Invocation {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding: MutatingAdmissionPolicyBinding;
  readonly matched: Matched;
  readonly params: KubeObject | undefined;
}

interface Failure {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding: MutatingAdmissionPolicyBinding | undefined;
  readonly message: string;
  readonly reason?: string;
}

/** A mutation that could not be made: the policy's failurePolicy decides. */
class MutationFailed extends Error {
  readonly code = 'MUTATION';
}

export function mutatingPolicies(services: () => Services): AdmissionPlugin {
  const source = policySource<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>(services, `mutatingadmissionpolicies.${GROUP}`, `mutatingadmissionpolicybindings.${GROUP}`);
  return {
    name: NAME,
    complete: true,
    handles: (attributes) => !isExempt(attributes) && attributes.operation !== 'CONNECT',
    admit(attributes) {
      const hooks = source.hooks();
      if (hooks instanceof Promise) return hooks.then((loaded) => run(services(), loaded, attributes));
      return hooks.length === 0 ? undefined : run(services(), hooks, attributes);
    },
  };
}

async function run(services: Services, hooks: readonly Hook[], attributes: AdmissionAttributes): Promise<void> {
  const failures: Failure[] = [];
  const invocations = await invocationsOf(services, hooks, attributes, failures);
  if (invocations.length > 0) await invoke(services, invocations, attributes, failures);
  const closed = failures.filter(({ policy }) => policy.spec?.failurePolicy !== 'Ignore');
  if (closed.length === 0) return;
  const texts = closed.map(({ policy, binding, message }) =>
    binding === undefined
      ? `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`
      : `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`,
  );
  const { status } = forbiddenRequest(
    { group: attributes.group, resource: attributes.resource },
    nameOf(attributes),
    'admission request denied by policy',
    texts.map((message) => ({ message })),
  );
  throw new ApiError({ ...status, message: texts[0]!, ...(closed[0]!.reason === undefined ? {} : { reason: closed[0]!.reason }) });
}

async function invocationsOf(services: Services, hooks: readonly Hook[], attributes: AdmissionAttributes, failures: Failure[]): Promise<Invocation[]> {
  const invocations: Invocation[] = [];
  const configuration = (error: unknown, policy: MutatingAdmissionPolicy, binding?: MutatingAdmissionPolicyBinding): void => {
    if (!(error instanceof ConfigurationError) && !(error instanceof ApiError)) throw error;
    failures.push({ policy, binding, message: `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}` });
  };
  for (const { policy, bindings } of hooks) {
    let matched: Matched | undefined;
    try {
      matched = await matchResources(services, policy.spec?.matchConstraints, attributes);
    } catch (error) {
      configuration(error, policy);
    }
    if (matched === undefined) continue;
    for (const binding of bindings) {
      try {
        if ((await matchResources(services, binding.spec?.matchResources, attributes)) === undefined) continue;
        for (const params of await parametersOf(services, policy.spec?.paramKind, binding.spec?.paramRef, attributes)) invocations.push({ policy, binding, matched, params });
      } catch (error) {
        configuration(error, policy, binding);
      }
    }
  }
  return invocations;
}

async function invoke(services: Services, invocations: readonly Invocation[], attributes: AdmissionAttributes, failures: Failure[]): Promise<void> {
  const { reinvocation } = attributes;
  const state = reinvocation.of(NAME);
  state.begin(reinvocation.again, attributes.object);
  const decisions = new Decisions(services, attributes.user);
  const namespace = namespaceView(await namespaceObject(services, attributes));
  for (const { policy, binding, matched, params } of invocations) {
    const compiled = compilePolicy(policy);
    const id = `${policy.metadata.name}/${binding.metadata.name}/${params?.metadata.namespace ?? ''}/${params?.metadata.name ?? ''}`;
    const subject = async (): Promise<Subject> => {
      const { object, oldObject } = await versioned(services, attributes, matched.kind);
      return { object, oldObject, request: requestOf(attributes, matched), namespaceObject: namespace, params };
    };
    const evaluation = (about: Subject, budget: number): Evaluation => new Evaluation(decisions, attributes, about, budget, compiled.variables);
    if (compiled.conditions.compiled.length > 0) {
      const { matches, error } = await conditionsHold(compiled.conditions, evaluation(await subject(), CONDITIONS_BUDGET), policy.spec?.failurePolicy !== 'Ignore');
      if (error !== undefined) failures.push({ policy, binding, message: error, reason: 'Invalid' });
      if (!matches) continue;
    }
    if (reinvocation.again && !state.isRequired(id)) continue;
    let changed = false;
    for (const [index, mutation] of compiled.mutations.entries()) {
      // each mutation sees what the one before it made
      const about = await subject();
      if (about.object === undefined) continue;
      try {
        const next = await mutated(services, mutation, policy.spec!.mutations![index]!.patchType === 'JSONPatch', evaluation(about, RUNTIME_BUDGET), about.object, matched);
        if (await takeOver(services, attributes, matched.kind, about.object, next)) changed = true;
      } catch (error) {
        if (!(error instanceof MutationFailed) && !(error instanceof OutOfBudget)) throw error;
        failures.push({ policy, binding, message: error.message, reason: 'Invalid' });
      }
    }
    if (changed) {
      state.requireAll();
      reinvocation.wanted = true;
    }
    if (policy.spec?.reinvocationPolicy === 'IfNeeded') state.eligible(id);
  }
  state.end(attributes.object);
}

/** @throws MutationFailed, OutOfBudget, ApiError */
async function mutated(services: Services, expression: Expression, isPatch: boolean, evaluation: Evaluation, object: KubeObject, { kind }: Matched): Promise<unknown> {
  if (typeof expression === 'string') throw new MutationFailed(`compilation failed: ${expression}`);
  const { result, error } = await evaluation.evaluate(expression);
  if (error !== undefined) throw new MutationFailed(error);
  const { value } = result;
  if (isPatch) {
    const operations = value instanceof ListValue ? [...value] : [];
    for (const operation of operations) {
      const inner = operation instanceof StructValue ? operation.fields.get('value') : undefined;
      const wrong = inner instanceof StructValue ? misplaced(inner, inner.objectType.name) : undefined;
      if (wrong !== undefined) throw new MutationFailed(`type mismatch: ${wrong}`);
    }
    try {
      return jsonPatch(object, result.json());
    } catch (failed) {
      if (!(failed instanceof ApiError)) throw failed;
      throw new MutationFailed(`JSON Patch: ${whyNot(failed)}`, { cause: failed });
    }
  }
  const wrong = misplaced(value, 'Object');
  if (wrong !== undefined) throw new MutationFailed(`type mismatch: ${wrong}`);
  const target = services.registry.byKind(kind.group, kind.version, kind.kind);
  const schema = target?.schema ?? services.bodySchema(kind);
  if (schema === undefined)
    throw unavailable(
      `Resource kind ${kind.group}/${kind.version}, Kind=${kind.kind} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`,
    );
  const configuration = result.json() as Record<string, unknown>;
  const whole = atomics(configuration, schema, undefined, '');
  if (whole.length > 0) throw new MutationFailed(`error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${whole.join(', ')}`);
  try {
    return laidOver(object, configuration, schema);
  } catch (failed) {
    if (!(failed instanceof ApiError)) throw failed;
    throw new MutationFailed(`error applying patch: ${failed.message}`, { cause: failed });
  }
}
