/** What rings: a message of the node's queue, as the dispatcher (functions/dispatcher/node-bells.ts) writes it. */
import type { KubeObject } from '#machinery/object.ts';

export interface Bell {
  /** `pods`, `services`, `endpointslices.discovery.k8s.io`, `secrets`, `configmaps`, `nodes`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly rv: number;
  readonly gone: boolean;
  readonly object: KubeObject | undefined;
}

/** Undefined for what is no bell: it is dropped, since no later look would understand it. */
export function parseBell(body: string): Bell | undefined {
  try {
    const { resource, key, uid = '', rv, gone, object } = JSON.parse(body) as Partial<Readonly<Record<string, unknown>>>;
    if (typeof resource !== 'string' || typeof key !== 'string') return undefined;
    const slash = key.indexOf('/');
    return {
      resource,
      namespace: slash < 0 ? '' : key.slice(0, slash),
      name: key.slice(slash + 1),
      uid: String(uid),
      rv: Number(rv ?? 0),
      gone: gone === true,
      object: typeof object === 'object' && object !== null ? (object as KubeObject) : undefined,
    };
  } catch {
    return undefined;
  }
}
