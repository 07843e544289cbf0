/** Every namespace has the service account `default`, from its first moment and again whenever it is deleted. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { Namespace } from '#kinds/generated/types.ts';
import { isAlreadyExists } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';

const DEFAULT = 'default';

async function reconcile(key: Key, { cache, client }: ControllerContext): Promise<Result> {
  const namespace = cache.get<Namespace>('namespaces', '', key);
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined || cache.get('serviceaccounts', key, DEFAULT) !== undefined) return {};
  try {
    await client.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: DEFAULT, namespace: key } });
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
  }
  return {};
}

export function serviceAccountController(): Controller {
  return {
    name: 'service-account-controller',
    watches: [{ resource: 'namespaces' }, { resource: 'serviceaccounts', keys: ({ old, now }) => (now === undefined && nameOf(old!) === DEFAULT ? [namespaceOf(old!)] : []) }],
    reconcile,
  };
}
