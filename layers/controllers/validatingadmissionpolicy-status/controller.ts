/** What the type checker says of the expressions of a ValidatingAdmissionPolicy, in its status. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { ValidatingAdmissionPolicy } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { expressionWarnings } from './type-check.ts';

const POLICIES = 'validatingadmissionpolicies.admissionregistration.k8s.io';

export function validatingAdmissionPolicyStatus({ registry }: { readonly registry: KindRegistry }): Controller {
  async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
    const policy = cache.get<ValidatingAdmissionPolicy>(POLICIES, '', key);
    if (policy === undefined || (policy.status?.observedGeneration ?? 0) >= (policy.metadata.generation ?? 0)) return {};
    await registry.refresh?.();
    const warnings = expressionWarnings(registry, policy);
    const status = { ...policy.status, observedGeneration: policy.metadata.generation!, typeChecking: warnings.length === 0 ? {} : { expressionWarnings: [...warnings] } };
    try {
      await client.update(POLICIES, { ...policy, status }, 'status');
    } catch (error) {
      // changed or deleted meanwhile: that brings the key back
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    return {};
  }
  return { name: 'validatingadmissionpolicy-status', watches: [{ resource: POLICIES }], reconcile };
}
