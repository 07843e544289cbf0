/** ServiceAccount: every pod runs as a service account that exists, with its pull secrets and a volume that holds its token. */
import type { Pod, PodSpec, ServiceAccount } from '#kinds/generated/types.ts';
import { badRequest, forbiddenRequest } from '#machinery/status.ts';
import type { AdmissionPlugin } from '../port.ts';
import { read } from '../read.ts';

const DEFAULT_ACCOUNT = 'default';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** An hour, and a margin by which clients that refresh at four fifths stay clear of it (as in Kubernetes). */
const TOKEN_SECONDS = 3607;
const MIRROR = 'kubernetes.io/config.mirror';
const ref = { group: '', resource: 'pods' } as const;

function mountToken(spec: PodSpec, suffix: () => string): void {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const bare = containers.filter((container) => !(container.volumeMounts ?? []).some(({ mountPath }) => mountPath === MOUNT_PATH));
  const volumes = spec.volumes ?? [];
  const present = volumes.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  if (bare.length === 0) return;
  const name = present?.name ?? `${VOLUME_PREFIX}${suffix()}`;
  for (const container of bare) container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
  if (present !== undefined) return;
  spec.volumes = [
    ...volumes,
    {
      name,
      projected: {
        defaultMode: 0o644,
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
  ];
}

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  complete: true,
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && resource === 'pods' && group === '' && subresource === '',
  async admit({ object, namespace, name }, { store, context }) {
    const pod = object as Pod;
    const spec = pod.spec;
    if (spec === undefined) return;
    if (pod.metadata.annotations?.[MIRROR] !== undefined) {
      if (spec.serviceAccountName) throw forbiddenRequest(ref, name, 'a mirror pod may not reference service accounts');
      return;
    }
    spec.serviceAccountName = spec.serviceAccountName || DEFAULT_ACCOUNT;
    spec.serviceAccount = spec.serviceAccountName;
    const account = await read<ServiceAccount>(store, 'serviceaccounts', namespace, spec.serviceAccountName);
    if (account === undefined)
      throw forbiddenRequest(
        ref,
        name,
        `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount ${JSON.stringify(spec.serviceAccountName)} not found`,
      );
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, () => context.ids.suffix(5));
    if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0)
      spec.imagePullSecrets = account.imagePullSecrets!.map((secret) => ({ ...secret }));
  },
  validate({ object }) {
    const pod = object as Pod;
    if (pod.metadata.annotations?.[MIRROR] === undefined) return;
    if ((pod.spec?.volumes ?? []).some((volume) => volume.projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)))
      throw badRequest('a mirror pod may not use ServiceAccountToken volume projections');
  },
};
