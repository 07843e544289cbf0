/** Which part of which change logs a batch of the table's stream speaks of. The log itself is read from the store: the stream only rings. */
import type { ResourceName } from '#store/port.ts';

export interface Span {
  /** The first part of the cluster's keys. */
  readonly clusterId: string;
  readonly resource: ResourceName;
  /** Both inclusive. */
  first: number;
  last: number;
}

interface StreamEvent {
  readonly Records?: readonly { readonly dynamodb?: { readonly Keys?: { readonly pk?: { readonly S?: string }; readonly sk?: { readonly S?: string } } } }[];
}

/** `CLUSTER/RESOURCE/c/STRIPE`: the partition of a change. */
const CHANGE = /^([^/]+)\/([^/]+)\/c\/\d+$/;

export function spansOf(event: unknown): readonly Span[] {
  const spans = new Map<string, Span>();
  for (const { dynamodb } of (event as StreamEvent).Records ?? []) {
    const [, clusterId, resource] = CHANGE.exec(dynamodb?.Keys?.pk?.S ?? '') ?? [];
    const rv = Number(dynamodb?.Keys?.sk?.S);
    // states kept for undoing, and items that are no changes
    if (clusterId === undefined || resource === undefined || !Number.isSafeInteger(rv)) continue;
    const id = `${clusterId}/${resource}`;
    const span = spans.get(id);
    if (span === undefined) spans.set(id, { clusterId, resource, first: rv, last: rv });
    else {
      span.first = Math.min(span.first, rv);
      span.last = Math.max(span.last, rv);
    }
  }
  return Array.from(spans.values());
}
