import { clone } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';

/**
 * A copy to change, of an object that may hold parts of `current`. Sets of fields never change: where the managers are `current`'s they stay the
 * same list, by which the tracker sees at once that nobody touched them.
 */
export function copyOf<T>(object: T, current: KubeObject): T {
  const { managedFields } = current.metadata;
  const metadata = (object as Partial<KubeObject> | null)?.metadata;
  if (managedFields === undefined || metadata?.managedFields !== managedFields) return clone(object);
  const copy = clone({ ...object, metadata: { ...metadata, managedFields: [] } }) as T & KubeObject;
  copy.metadata.managedFields = managedFields;
  return copy;
}
