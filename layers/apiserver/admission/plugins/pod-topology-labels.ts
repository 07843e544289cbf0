/** PodTopologyLabels: a pod on its way to a node takes the node's zone and region along, where its containers can see them. */
import type { Pod } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { AdmissionPlugin } from '../port.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  complete: true,
  handles: ({ operation, group, resource, subresource }) =>
    operation === 'CREATE' && group === '' && ((resource === 'pods' && (subresource === '' || subresource === 'binding')) || (resource === 'bindings' && subresource === '')),
  async admit({ object, resource, subresource }, { store }) {
    const isBinding = resource === 'bindings' || subresource === 'binding';
    const target = (object as KubeObject & { target?: { kind?: string; name?: string } }).target;
    const name = isBinding ? ((target?.kind ?? 'Node') === 'Node' ? target?.name : undefined) : (object as Pod).spec?.nodeName;
    if (!name) return;
    const node = await store.get({ resource: 'nodes', namespace: '', name });
    if (node === undefined) return;
    for (const key of LABELS) {
      const value = node.labels[key];
      if (value !== undefined) object!.metadata.labels = { ...object!.metadata.labels, [key]: value };
    }
  },
};
