/** Reaches agents and pods directly: on one machine every node's address and every pod's is routed from the host. */
import type { NodeDialer } from '#apiserver/streams/port.ts';
import type { Node } from '#kinds/generated/types.ts';
import { connect as tcp, type Socket } from 'node:net';
import { connect as tls } from 'node:tls';
import type { Duplex } from 'node:stream';

const CONNECT_LIMIT_MS = 10_000;

export interface DialerOptions {
  /** The cluster's CA: it signed the agents' certificates. */
  readonly caPem: string;
  /** How the API server shows itself. */
  readonly certPem: string;
  readonly keyPem: string;
}

export class CannotDial extends Error {
  readonly code = 'CANNOT_DIAL';
}

function settled(socket: Socket, event: 'connect' | 'secureConnect', what: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (message: string): void => {
      socket.destroy();
      reject(new CannotDial(`error dialing backend: ${what}: ${message}`));
    };
    const limit = setTimeout(() => fail('timed out'), CONNECT_LIMIT_MS);
    const abort = (): void => fail('canceled');
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => fail(error.message));
    socket.once(event, () => {
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

export function directDialer(options: DialerOptions): NodeDialer {
  return {
    async connect(object, signal) {
      const node = object as Node;
      const host = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
      if (host === undefined || port === undefined || port === 0) throw new CannotDial(`node ${node.metadata.name} has no address or no agent's port yet`);
      const socket = tls({ host, port, ca: options.caPem, cert: options.certPem, key: options.keyPem, servername: node.metadata.name!, ALPNProtocols: ['http/1.1'] });
      return settled(socket, 'secureConnect', `dial tcp ${host}:${port}`, signal);
    },
    connectPod: (_node, address, port, signal) => settled(tcp({ host: address, port }), 'connect', `dial tcp ${address}:${port}`, signal),
  };
}
