/** `paperplane kubeconfig`: a kubeconfig of its own for one cluster, certificates inside, for a file or another machine's hands. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { LocalCluster } from './cluster.ts';

export function kubeconfigOf({ name, server, access }: LocalCluster): string {
  const data = (file: string): string => readFileSync(file).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority-data': data(access.caFile) } }],
      users: [{ name, user: { 'client-certificate-data': data(access.certFile), 'client-key-data': data(access.keyFile) } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  );
}
