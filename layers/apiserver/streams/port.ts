/** How the API server reaches nodes and pods for logs, exec and proxies. Engines: plain TCP on one machine, a tunnel that agents keep open elsewhere. */
import type { Duplex } from 'node:stream';
import type { KubeObject } from '#machinery/object.ts';

export interface NodeDialer {
  /**
   * A TLS connection to the agent of this Node, which trusts the API server by its client certificate; speaks HTTP/1.1.
   * @throws Error worded as a user may read it, when the node cannot be reached within the dialer's deadline
   */
  connect(node: KubeObject, signal: AbortSignal): Promise<Duplex>;
  /** A plain TCP connection to a port of a pod on that node. */
  connectPod(node: KubeObject | undefined, address: string, port: number, signal: AbortSignal): Promise<Duplex>;
}
