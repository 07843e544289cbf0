/** NamespaceLifecycle: nothing is made in a namespace that is missing or on its way out, and the first namespaces cannot be deleted. */
import { forbiddenRequest, notFound } from '#machinery/status.ts';
import type { AdmissionPlugin } from '../port.ts';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  complete: true,
  handles: ({ operation, namespace, resource, group, subresource }) =>
    subresource === '' && ((operation === 'CREATE' && namespace !== '') || (operation === 'DELETE' && resource === 'namespaces' && group === '')),
  async admit({ operation, namespace, group, resource, name }, { store }) {
    if (resource === 'namespaces' && group === '') {
      if (operation === 'DELETE' && IMMORTAL.has(name)) throw forbiddenRequest({ group, resource }, name, 'this namespace may not be deleted');
      return;
    }
    const stored = await store.get({ resource: 'namespaces', namespace: '', name: namespace });
    if (stored === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    if (stored.fields['status.phase'] !== 'Terminating') return;
    // access reviews are asked about namespaces that go away
    if (group === 'authorization.k8s.io') return;
    throw forbiddenRequest({ group, resource }, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
      { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
    ]);
  },
};
