/**
 * `/portForward/{namespace}/{pod}`. Three ways lead here: SPDY/3.1; SPDY/3.1 inside the messages of a WebSocket (kubectl since 1.31); and the
 * older WebSocket protocol with two channels for each port of the query.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import type { KubeletServerOptions, PodTarget } from '../port.ts';
import { acceptSpdy, acceptWebSocket, isSpdy, isWebSocket, refuse } from '../upgrade.ts';
import { channelForward, CHANNEL_PROTOCOLS, portsOf } from './channels.ts';
import { podDialer } from './dialer.ts';
import { spdyForward } from './pairs.ts';

const PORT_FORWARD = 'portforward.k8s.io';
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';

export async function servePortForward(
  options: KubeletServerOptions,
  [namespace, name]: readonly [string, string],
  query: URLSearchParams,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const pod = await options.pods.pod(namespace, name);
  if (pod === undefined) return refuse(socket, 404, 'pod does not exist');
  if (!pod.hostNetwork && pod.sandboxPid === undefined) return refuse(socket, 500, `unable to do port forwarding: pod is not running`);
  const label = `${namespace}/${name}`;
  const dialer = podDialer(pod.hostNetwork ? undefined : pod.sandboxPid);
  try {
    if (isSpdy(request)) {
      if (acceptSpdy(request, socket, head, [PORT_FORWARD]) !== undefined) await spdyForward(socket, dialer, describe(pod, label));
      return;
    }
    if (!isWebSocket(request)) return refuse(socket, 400, 'unable to upgrade: missing upgrade headers in request');
    const ports = portsOf(query);
    const accepted = await acceptWebSocket(request, socket, head, [TUNNEL, ...(ports === undefined ? [] : CHANNEL_PROTOCOLS)]);
    if (accepted === undefined) return;
    if (accepted.protocol === TUNNEL) await spdyForward(createWebSocketStream(accepted.ws), dialer, describe(pod, label));
    else await channelForward(accepted.ws, accepted.protocol.includes('base64'), ports!, dialer, describe(pod, label));
  } finally {
    dialer.close();
  }
}

/** The kubelet's words on the error stream. */
const describe = (pod: PodTarget, label: string) => (port: number, error: Error) => `error forwarding port ${port} to pod ${label}, uid ${pod.uid}: ${error.message}`;
