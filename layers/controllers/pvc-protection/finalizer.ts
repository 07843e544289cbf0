/** A finalizer that an object has while it may be in use. */
import type { Resource } from '#control/client.ts';
import type { ControllerContext } from '#control/controller.ts';
import type { KubeObject } from '#machinery/object.ts';

export async function protect<T extends KubeObject>(
  resource: Resource,
  object: T,
  finalizer: string,
  isUsed: () => Promise<boolean>,
  { client }: ControllerContext,
): Promise<void> {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const has = finalizers.includes(finalizer);
  const write = (next: string[]): Promise<T> => client.update<T>(resource, { ...object, metadata: { ...object.metadata, finalizers: next } });
  if (deletionTimestamp === undefined) {
    // admission adds it; this is for objects from before
    if (!has) await write([...finalizers, finalizer]);
  } else if (has && !(await isUsed())) await write(finalizers.filter((one) => one !== finalizer));
}
