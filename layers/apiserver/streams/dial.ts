/** Connections through the dialer, with errors as clients may see them. */
import type { Duplex } from 'node:stream';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, internalError, unavailable } from '#machinery/status.ts';
import type { Services } from '../server.port.ts';

interface Described extends KubeObject {
  readonly status?: { readonly nodeInfo?: { readonly containerRuntimeVersion?: string } };
}

/** A node that says its containers are simulated: its agent listens on no port, and never will. */
const isDeaf = ({ status }: Described): boolean => status?.nodeInfo?.containerRuntimeVersion?.startsWith('simulated://') === true;

/** @throws ApiError 400 for a node whose agent serves nothing, 500 (as Kubernetes) for one that cannot be reached, 503 where no node can be */
export async function dialNode(services: Services, node: KubeObject, signal: AbortSignal): Promise<Duplex> {
  if (isDeaf(node))
    throw badRequest(
      `node ${node.metadata.name} is simulated and its agent serves no requests: its pods run nothing, so there is no log to read and nothing to exec, attach or forward a port to`,
    );
  if (services.dialer === undefined) throw unavailable('no way to reach nodes from here');
  try {
    return await services.dialer.connect(node, signal);
  } catch (error) {
    throw internalError((error as Error).message, error);
  }
}

/** @throws ApiError 503, as for every backend of a proxy that cannot be reached */
export async function dialPod(services: Services, node: KubeObject | undefined, address: string, port: number, signal: AbortSignal): Promise<Duplex> {
  if (services.dialer === undefined) throw unavailable('no way to reach pods from here');
  try {
    return await services.dialer.connectPod(node, address, port, signal);
  } catch (error) {
    throw unreachable(error);
  }
}

export const unreachable = (error: unknown): Error => unavailable(`error trying to reach service: ${(error as Error).message.replace(/^error dialing backend: /, '')}`, 0);
