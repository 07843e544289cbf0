/** RuntimeClass: a pod's runtime class exists, and brings its overhead, node selector and tolerations. */
import type { Pod, RuntimeClass } from '#kinds/generated/types.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { AdmissionPlugin } from '../port.ts';
import { read } from '../read.ts';

const ref = { group: '', resource: 'pods' } as const;

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  complete: true,
  handles: ({ operation, resource, group, subresource }) => operation === 'CREATE' && resource === 'pods' && group === '' && subresource === '',
  async admit({ object, name, kind }, { store }) {
    const spec = (object as Pod).spec;
    if (spec?.runtimeClassName === undefined) return;
    const found = await read<RuntimeClass>(store, 'runtimeclasses.node.k8s.io', '', spec.runtimeClassName);
    if (found === undefined) throw forbiddenRequest(ref, name, `pod rejected: RuntimeClass ${JSON.stringify(spec.runtimeClassName)} not found`);
    const overhead = found.overhead?.podFixed;
    if (overhead !== undefined) {
      if (spec.overhead !== undefined && JSON.stringify(spec.overhead) !== JSON.stringify(overhead))
        throw forbiddenRequest(ref, name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      spec.overhead = { ...overhead };
      // quantities are rounded up in pods
      kind?.defaults?.(object!);
    } else if (spec.overhead !== undefined && Object.keys(spec.overhead).length > 0)
      throw forbiddenRequest(ref, name, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    for (const [key, value] of Object.entries(found.scheduling?.nodeSelector ?? {})) {
      const own = spec.nodeSelector?.[key];
      if (own !== undefined && own !== value)
        throw forbiddenRequest(ref, name, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
      spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
    }
    const known = new Set((spec.tolerations ?? []).map((toleration) => JSON.stringify(toleration)));
    const more = (found.scheduling?.tolerations ?? []).filter((toleration) => !known.has(JSON.stringify(toleration)));
    if (more.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...more.map((toleration) => ({ ...toleration }))];
  },
};
