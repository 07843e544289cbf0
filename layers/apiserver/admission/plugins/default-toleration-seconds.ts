/** DefaultTolerationSeconds: pods stay this long on a node that is not ready or unreachable, unless they say otherwise. */
import type { Pod, Toleration } from '#kinds/generated/types.ts';
import type { AdmissionPlugin } from '../port.ts';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

export function defaultTolerationSeconds(seconds: number): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    complete: true,
    handles: ({ operation, resource, group, subresource }) => (operation === 'CREATE' || operation === 'UPDATE') && resource === 'pods' && group === '' && subresource === '',
    admit({ object }) {
      const spec = (object as Pod).spec;
      if (spec === undefined) return;
      const tolerations: Toleration[] = spec.tolerations ?? [];
      const tolerates = (key: string): boolean =>
        tolerations.some((toleration) => (toleration.key === key || !toleration.key) && (!toleration.effect || toleration.effect === 'NoExecute'));
      const missing = TAINTS.filter((key) => !tolerates(key)).map((key) => ({ key, operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: seconds }));
      if (missing.length > 0) spec.tolerations = [...tolerations, ...missing];
    },
  };
}
