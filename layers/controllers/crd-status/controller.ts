/**
 * The status of CustomResourceDefinitions: which names are theirs, whether they are served, whether their schemas are structural and their
 * group approved. Upstream has four controllers for it, and a pause between the first two for servers that do not know of each other's
 * definitions yet; here every request looks, and one write says it all.
 */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { approvalOf, isProtectedGroup } from '#kinds/apiextensions/approval.ts';
import { conversionError, structuralErrors } from '#kinds/apiextensions/structural.ts';
import { type Condition, isTrue, withCondition } from '#kinds/custom/conditions.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { causeText } from '#machinery/status.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { sameJson } from '../shared/keys.ts';
import { nameDefinition } from './names.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

function structuralCondition({ spec }: CustomResourceDefinition): Condition | undefined {
  const errors: string[] = [];
  if (spec.preserveUnknownFields === true) errors.push('spec.preserveUnknownFields: Invalid value: true: must be false');
  for (const [at, { name, schema }] of spec.versions.entries()) {
    if (schema?.openAPIV3Schema === undefined) continue;
    const impossible = conversionError(schema.openAPIV3Schema);
    if (impossible !== undefined)
      return { type: 'NonStructuralSchema', status: 'Unknown', reason: 'StructuralError', message: `failed to check validation schema for version ${name}: ${impossible}` };
    errors.push(...structuralErrors(schema.openAPIV3Schema, `spec.versions[${at}].schema.openAPIV3Schema`).map(causeText));
  }
  if (errors.length === 0) return undefined;
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` };
}

function approvalCondition(definition: CustomResourceDefinition): Condition | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason } = approvalOf(definition);
  const type = 'KubernetesAPIApprovalPolicyConformant';
  switch (state) {
    case 'Approved':
      return { type, status: 'True', reason: 'ApprovedAnnotation', message: reason };
    case 'Bypassed':
      return { type, status: 'False', reason: 'UnapprovedAnnotation', message: reason };
    case 'Missing':
      return { type, status: 'False', reason: 'MissingAnnotation', message: reason };
    case 'Invalid':
      return { type, status: 'False', reason: 'InvalidAnnotation', message: reason };
  }
}

function wantedStatus(definition: CustomResourceDefinition, group: readonly CustomResourceDefinition[], now: number): NonNullable<CustomResourceDefinition['status']> {
  const { names, condition } = nameDefinition(
    definition,
    group.filter(({ metadata }) => metadata.name !== definition.metadata.name),
  );
  let conditions: CustomResourceDefinitionCondition[] = withCondition(definition.status?.conditions, condition, now);
  const set = (wanted: Condition): void => void (conditions = withCondition(conditions, wanted, now));
  // once it is served it stays so, whatever becomes of a later name
  if (!isTrue(definition, 'Established'))
    set(
      condition.status === 'True'
        ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
        : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    );
  const structural = structuralCondition(definition);
  if (structural === undefined) conditions = conditions.filter(({ type }) => type !== 'NonStructuralSchema');
  else set(structural);
  const approval = approvalCondition(definition);
  if (approval !== undefined) set(approval);
  return { ...definition.status, acceptedNames: names, conditions };
}

export function crdStatusController({ registry }: { readonly registry: KindRegistry }): Controller {
  async function reconcile(key: Key, { client, clock }: ControllerContext): Promise<Result> {
    const groupName = key.slice(key.indexOf('.') + 1);
    const group = async (): Promise<readonly CustomResourceDefinition[]> => {
      await registry.refresh?.();
      return (registry.definitions?.() ?? []).filter(({ spec }) => spec.group === groupName);
    };
    // a name that was given up may be what another one of the group waits for
    const names = (await group()).filter((one) => one.metadata.name === key || !isTrue(one, 'NamesAccepted')).map(({ metadata }) => metadata.name!);
    for (const name of names.sort((a, b) => Number(b === key) - Number(a === key))) {
      const all = await group();
      const definition = all.find(({ metadata }) => metadata.name === name);
      if (definition === undefined) continue;
      const status = wantedStatus(definition, all, clock.now());
      if (sameJson(status, definition.status)) continue;
      try {
        await client.update(DEFINITIONS, { ...definition, status }, 'status');
      } catch (error) {
        // changed or deleted meanwhile: that brings the key back
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    return {};
  }

  // the registry has the definitions: they are too large to be held twice
  return { name: 'customresourcedefinition-status', watches: [{ resource: DEFINITIONS, keep: 'metadata' }], concurrency: 1, reconcile };
}
