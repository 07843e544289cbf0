/** A definition that is deleted takes its instances with it (apiextensions `finalizer/crd_finalizer.go`). */
import type { Client } from '#control/client.ts';
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { CLEANUP_FINALIZER } from '#kinds/apiextensions/crd.ts';
import { type Condition, isTrue, withCondition } from '#kinds/custom/conditions.ts';
import type { CustomResourceDefinition } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { DEFINITIONS } from '../crd-status/controller.ts';

/** Deletes at a time. */
const AT_ONCE = 16;
/** Instances that leave wake the definition; this catches those that nobody saw leave. */
const LOOK_AGAIN_S = 5;
/** Stored under names that are not theirs to empty. */
const OVERLAPPING: ReadonlySet<string> = new Set(['apiservices.apiregistration.k8s.io', DEFINITIONS]);

const terminating = (status: 'True' | 'False', reason: string, message: string): Condition => ({ type: 'Terminating', status, reason, message });

/** Asks for the end of all that is not ending yet. How many are left. */
async function deleteInstances(client: Client, resource: string): Promise<number> {
  const { items } = await client.list<KubeObject>(resource);
  const waiting = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < waiting.length) {
      const { metadata } = waiting[next++]!;
      try {
        await client.delete(resource, metadata.namespace ?? '', metadata.name!, metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, work));
  return waiting.length === 0 ? items.length : (await client.list<KubeObject>(resource)).items.length;
}

export function crdFinalizer(): Controller {
  async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
    if (cache.get(DEFINITIONS, '', key)?.metadata.deletionTimestamp === undefined) return {};
    let definition: CustomResourceDefinition;
    try {
      definition = await client.get<CustomResourceDefinition>(DEFINITIONS, '', key);
    } catch (error) {
      if (isNotFound(error)) return {};
      throw error;
    }
    if (definition.metadata.deletionTimestamp === undefined || definition.metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true) return {};
    const write = async (condition: Condition, done: boolean): Promise<CustomResourceDefinition> => {
      const { metadata, status } = definition;
      return client.update<CustomResourceDefinition>(
        DEFINITIONS,
        {
          ...definition,
          metadata: done ? { ...metadata, finalizers: metadata.finalizers!.filter((one) => one !== CLEANUP_FINALIZER) } : metadata,
          status: { ...status, conditions: withCondition(status?.conditions, condition, clock.now()) },
        },
        'status',
      );
    };
    try {
      if (OVERLAPPING.has(key)) await write(terminating('False', 'OverlappingBuiltInResource', 'instances overlap with built-in resources in storage'), true);
      else if (!isTrue(definition, 'Established')) await write(terminating('False', 'NeverEstablished', 'resource was never established'), true);
      else {
        definition = await write(terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'), false);
        let left: number;
        try {
          left = await deleteInstances(client, key);
        } catch (error) {
          await write(terminating('True', 'InstanceDeletionFailed', `could not issue all deletes: ${(error as Error).message}`), false);
          throw error;
        }
        if (left > 0) return { requeueAfterSeconds: LOOK_AGAIN_S };
        await write(terminating('False', 'InstanceDeletionCompleted', 'removed all instances'), true);
      }
    } catch (error) {
      // changed or deleted meanwhile: that brings the key back
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    return {};
  }

  return {
    name: 'customresourcedefinition-finalizer',
    watches: [{ resource: DEFINITIONS, keep: 'metadata' }],
    watchesAll: {
      /** An instance that left may have been the last. */
      keys: ({ now }, cache, resource) => (now === undefined && cache.get(DEFINITIONS, '', resource)?.metadata.deletionTimestamp !== undefined ? [resource] : []),
    },
    reconcile,
  };
}
