/**
 * `paperplane token`: a bearer token for programs that take nothing else, such as the dashboard. Without an account it is that of
 * kube-system/paperplane-admin, which is made and given every right the first time; a named account must exist and keeps its own rights.
 */
import type { KubeObject } from '#machinery/object.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import type { ApiClient } from '../api/client.ts';
import { duration } from '../rolling-update/duration.ts';

const ADMIN = { namespace: 'kube-system', name: 'paperplane-admin' } as const;

interface TokenRequest extends KubeObject {
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

async function unlessThere(api: ApiClient, path: string, object: object): Promise<void> {
  try {
    await api.post(path, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function ensureAdmin(api: ApiClient): Promise<void> {
  const { namespace, name } = ADMIN;
  await unlessThere(api, `/api/v1/namespaces/${namespace}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  await unlessThere(api, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
}

/** `account`: `NAME` of the namespace default, or `NAMESPACE/NAME`. `lifetime`: a Go duration of ten minutes or more. */
export async function bearerToken(api: ApiClient, account: string | undefined, lifetime: string): Promise<string> {
  if (account === undefined) await ensureAdmin(api);
  const [namespace, name] = account === undefined ? [ADMIN.namespace, ADMIN.name] : account.includes('/') ? account.split('/', 2) : ['default', account];
  const answer = await api.post<TokenRequest>(`/api/v1/namespaces/${encodeURIComponent(namespace!)}/serviceaccounts/${encodeURIComponent(name!)}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: Math.round(duration(lifetime, '--duration') / 1000) },
  });
  return answer.status.token;
}
