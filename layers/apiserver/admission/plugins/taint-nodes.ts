/** TaintNodesByCondition: a new node takes no pods until the node lifecycle controller has seen it ready. */
import type { Node } from '#kinds/generated/types.ts';
import type { AdmissionPlugin } from '../port.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && resource === 'nodes' && group === '' && subresource === '',
  admit({ object }) {
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (!taints.some(({ key, effect }) => key === NOT_READY && effect === 'NoSchedule'))
      node.spec = { ...node.spec, taints: [...taints, { key: NOT_READY, effect: 'NoSchedule' }] };
  },
};
