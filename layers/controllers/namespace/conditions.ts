/** How a namespace tells why it is not gone yet: the conditions and texts of Kubernetes. */
import type { NamespaceCondition } from '#kinds/generated/types.ts';
import { withCondition } from '../shared/conditions.ts';
import type { Remaining } from './content.ts';

const sorted = (map: ReadonlyMap<string, number>, text: (key: string, count: number) => string): string =>
  [...map]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => text(key, count))
    .join(', ');

export function terminatingConditions(old: readonly NamespaceCondition[] | undefined, { instances, finalizers, failures }: Remaining, now: number): NamespaceCondition[] {
  const next: { type: string; status: 'True' | 'False'; reason: string; message: string }[] = [
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
    failures.length === 0
      ? { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted', message: 'All content successfully deleted, may be waiting on finalization' }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
        },
    instances.size === 0
      ? { type: 'NamespaceContentRemaining', status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${sorted(instances, (resource, count) => `${resource} has ${count} resource instances`)}`,
        },
    finalizers.size === 0
      ? { type: 'NamespaceFinalizersRemaining', status: 'False', reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${sorted(finalizers, (finalizer, count) => `${finalizer} in ${count} resource instances`)}`,
        },
  ];
  let conditions = [...(old ?? [])];
  for (const condition of next) conditions = withCondition(conditions, condition, now);
  return conditions;
}
