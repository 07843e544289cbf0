/** Conditions of definitions. */
import { timestamp } from '#machinery/time.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../generated/types.ts';

export type ConditionType = 'Established' | 'NamesAccepted' | 'NonStructuralSchema' | 'Terminating' | 'KubernetesAPIApprovalPolicyConformant';
export type Condition = Pick<CustomResourceDefinitionCondition, 'status' | 'reason' | 'message'> & { readonly type: ConditionType };

export const conditionOf = ({ status }: CustomResourceDefinition, type: ConditionType): CustomResourceDefinitionCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

export const isTrue = (definition: CustomResourceDefinition, type: ConditionType): boolean => conditionOf(definition, type)?.status === 'True';

/** The conditions with this one set; its time stays while its status does. */
export function withCondition(conditions: readonly CustomResourceDefinitionCondition[] | undefined, wanted: Condition, now: number): CustomResourceDefinitionCondition[] {
  const all = conditions ?? [];
  const old = all.find(({ type }) => type === wanted.type);
  const next: CustomResourceDefinitionCondition = { ...wanted, lastTransitionTime: old !== undefined && old.status === wanted.status ? old.lastTransitionTime! : timestamp(now) };
  return old === undefined ? [...all, next] : all.map((one) => (one === old ? next : one));
}
