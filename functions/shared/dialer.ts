/** How the API function reaches agents: directly, where it runs beside them and has a certificate; elsewhere it does not. */
import { directDialer } from '#infra/local/door/dialer.ts';
import type { NodeDialer } from '#apiserver/streams/port.ts';

/** PEM texts, by variables: who signed the agents' certificates, and how this function shows itself. */
export function environmentDialer(env: NodeJS.ProcessEnv = process.env): NodeDialer | undefined {
  const [caPem, certPem, keyPem] = [env['PAPERPLANE_KUBELET_CA'], env['PAPERPLANE_KUBELET_CERT'], env['PAPERPLANE_KUBELET_KEY']];
  return caPem && certPem && keyPem ? directDialer({ caPem, certPem, keyPem }) : undefined;
}
