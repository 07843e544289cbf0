/** `rollbackTo` of older API versions, which apps/v1 carries as an annotation: back to a revision's template, and the wish is cleared. */
import type { Deployment } from '#kinds/generated/types.ts';
import { annotationsOf, lastRevision, revisionOf, ROLLBACK_TO, rolledBackAnnotations } from './annotations.ts';
import { allSets, HASH_LABEL, RESOURCE, type Rollout, sameTemplate } from './rollout.ts';

/** The revision to go back to, 0 for the one before; undefined where nobody asks. */
export function rollbackTo(deployment: Deployment): bigint | undefined {
  const text = annotationsOf(deployment)[ROLLBACK_TO] ?? '';
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

/** Writes the deployment; its change begins the rollout. */
export async function rollBack(rollout: Rollout, asked: bigint): Promise<void> {
  const { deployment, context } = rollout;
  const { name } = deployment.metadata;
  const write = (changed: Deployment): Promise<Deployment> => {
    const { [ROLLBACK_TO]: _, ...annotations } = annotationsOf(changed);
    return context.client.update(RESOURCE, { ...changed, metadata: { ...changed.metadata, annotations } });
  };
  const sets = allSets(rollout);
  const revision = asked === 0n ? lastRevision(sets) : asked;
  const target = revision === 0n ? undefined : sets.find((set) => revisionOf(set) === revision);
  if (target === undefined) {
    const text = revision === 0n ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.';
    context.event(deployment, 'Warning', 'DeploymentRollbackRevisionNotFound', text);
    await write(deployment);
    return;
  }
  if (sameTemplate(target.spec?.template, deployment.spec?.template)) {
    context.event(deployment, 'Warning', 'DeploymentRollbackTemplateUnchanged', `The rollback revision contains the same template as current deployment "${name!}"`);
    await write(deployment);
    return;
  }
  const { [HASH_LABEL]: _, ...labels } = target.spec?.template?.metadata?.labels ?? {};
  const template = { ...target.spec!.template!, metadata: { ...target.spec!.template!.metadata, labels } };
  await write({ ...deployment, metadata: { ...deployment.metadata, annotations: { ...rolledBackAnnotations(deployment, target) } }, spec: { ...deployment.spec!, template } });
  context.event(deployment, 'Normal', 'DeploymentRollback', `Rolled back deployment "${name!}" to revision ${String(revision)}`);
}
