/** Who set which field: kept by the server on every write (Kubernetes' field management). */
import type { KubeObject } from '#machinery/object.ts';
import { trackUpdate as track } from '#machinery/apply/track.ts';
import { type Call, timestamp } from '../context.ts';

/** Always the same array: what is worked out for it is kept. */
const NONE: readonly (readonly string[])[] = [];

/** Sets `metadata.managedFields` of the new object from the old one's. */
export type FieldTracker = (object: KubeObject, old: KubeObject | undefined) => void;

export function trackUpdate(call: Call, old: KubeObject | undefined, object: KubeObject, manager: string): void {
  const { kind, parts, subresource } = call;
  object.metadata.managedFields = track(old, object, {
    manager,
    schema: kind.schema,
    apiVersion: object.apiVersion,
    subresource,
    time: timestamp(parts.clock.now()),
    resetFields: (subresource === '' ? kind.resetFields : kind.stored.find(({ name }) => name === subresource)?.resetFields) ?? NONE,
  });
  if (object.metadata.managedFields.length === 0) delete object.metadata.managedFields;
}
