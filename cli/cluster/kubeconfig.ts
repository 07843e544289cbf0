/** A kubeconfig whose user logs in by AWS identity: with this program, or with the AWS command line, which signs the same. */
import { stringify } from 'yaml';

export interface AwsKubeconfigOptions {
  readonly api: string;
  readonly cluster: string;
  readonly region: string;
  readonly login: 'paperplane' | 'aws';
  /** PEM, for doors whose certificate is not signed by a public authority. */
  readonly ca?: string;
  /** How this program is called: `[file, ...arguments]`. */
  readonly program: readonly [string, ...string[]];
  /** For the program: credentials of an emulator. */
  readonly env?: Readonly<Record<string, string>>;
}

export function awsKubeconfig({ api, cluster, region, login, ca, program, env }: AwsKubeconfigOptions): string {
  const [command, ...before] = login === 'aws' ? (['aws', 'eks', 'get-token'] as const) : ([...program, 'token'] as const);
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: { server: `${api.replace(/\/+$/, '')}/clusters/${cluster}`, ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }) },
      },
    ],
    users: [
      {
        name: `${cluster}-aws`,
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command,
            args: [...before, '--cluster-name', cluster, '--region', region],
            ...(env === undefined ? {} : { env: Object.entries(env).map(([name, value]) => ({ name, value })) }),
            interactiveMode: 'Never',
            provideClusterInfo: false,
          },
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user: `${cluster}-aws` } }],
    'current-context': cluster,
  });
}
