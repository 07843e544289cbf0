/** Keys of the garbage collector: any object of any resource. */
import type { Resource } from '#control/client.ts';
import type { Key } from '#control/controller.ts';
import type { KubeObject } from '#machinery/object.ts';

export interface Place {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

/** Namespaces may be empty and names hold no slash. */
export const gcKey = (resource: Resource, { metadata: { namespace = '', name = '' } }: KubeObject): Key => `${resource}/${namespace}/${name}`;

export function parseGcKey(key: Key): Place {
  const [resource = '', namespace = '', name = ''] = key.split('/');
  return { resource, namespace, name };
}
