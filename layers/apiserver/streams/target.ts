/** What a streaming request is aimed at: the pod, its container, its node. */
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, internalError, notFound } from '#machinery/status.ts';
import type { Services } from '../server.port.ts';
import { parseBytes } from '../write/body.ts';

interface Named {
  readonly name: string;
}

export interface Pod extends KubeObject {
  spec: {
    nodeName?: string;
    containers: readonly (Named & { readonly ports?: readonly { readonly containerPort: number }[] })[];
    initContainers?: readonly Named[];
    ephemeralContainers?: readonly Named[];
  };
  status?: { phase?: string; podIP?: string };
}

export async function readStored<T extends KubeObject>(services: Pick<Services, 'store'>, resource: string, namespace: string, name: string): Promise<T> {
  const stored = await services.store.get({ resource, namespace, name });
  if (stored === undefined) throw notFound({ group: '', resource }, name);
  return parseBytes<T>(stored.body);
}

const names = (list: readonly Named[] | undefined): string => (list ?? []).map(({ name }) => name).join(' ');

/** The container asked for, or the only one. @throws ApiError 400 */
export function containerOf({ metadata, spec }: Pod, asked: string): string {
  const { containers, initContainers, ephemeralContainers } = spec;
  if (asked !== '') {
    if ([...containers, ...(initContainers ?? []), ...(ephemeralContainers ?? [])].some(({ name }) => name === asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  }
  if (containers.length === 1) return containers[0]!.name;
  let text = `a container name must be specified for pod ${metadata.name}`;
  if (containers.length > 1) {
    text += `, choose one of: [${names(containers)}]`;
    if ((initContainers ?? []).length > 0) text += ` or one of the init containers: [${names(initContainers)}]`;
    if ((ephemeralContainers ?? []).length > 0) text += ` or one of the ephemeral containers: [${names(ephemeralContainers)}]`;
  }
  throw badRequest(text);
}

/** @throws ApiError 400 for a pod without a node, 500 for a node that is gone */
export async function nodeOf(services: Services, pod: Pod): Promise<KubeObject> {
  const { nodeName } = pod.spec;
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const stored = await services.store.get({ resource: 'nodes', namespace: '', name: nodeName });
  if (stored === undefined) throw internalError(`node ${JSON.stringify(nodeName)} of the pod is not there`);
  return parseBytes(stored.body);
}
