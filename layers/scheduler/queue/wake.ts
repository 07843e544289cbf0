/** Which changes may help a pod that a plugin refused. */
export type Happening =
  | 'node-added'
  /** More room. */
  | 'node-allocatable'
  | 'node-labels'
  /** Taints, or cordoned no more. */
  | 'node-taints'
  | 'pod-gone'
  /** A pod got a node, or other labels. */
  | 'pod-placed'
  | 'storage'
  | 'namespace-labels';

const HELPS: Readonly<Record<string, ReadonlySet<Happening>>> = {
  NodeUnschedulable: new Set(['node-added', 'node-taints']),
  NodeName: new Set(['node-added']),
  TaintToleration: new Set(['node-added', 'node-taints']),
  NodeAffinity: new Set(['node-added', 'node-labels']),
  NodePorts: new Set(['node-added', 'pod-gone']),
  NodeResourcesFit: new Set(['node-added', 'node-allocatable', 'pod-gone']),
  VolumeRestrictions: new Set(['node-added', 'pod-gone', 'storage']),
  NodeVolumeLimits: new Set(['node-added', 'pod-gone', 'storage']),
  VolumeBinding: new Set(['node-added', 'node-labels', 'storage']),
  VolumeZone: new Set(['node-added', 'node-labels', 'storage']),
  PodTopologySpread: new Set(['node-added', 'node-labels', 'node-taints', 'pod-gone', 'pod-placed']),
  InterPodAffinity: new Set(['node-added', 'node-labels', 'pod-gone', 'pod-placed', 'namespace-labels']),
};

/** A pod without any refusal (no nodes at all, a failed binding) is helped by anything. */
export function helps(happening: Happening, plugins: ReadonlySet<string>): boolean {
  if (plugins.size === 0) return true;
  for (const plugin of plugins) if (HELPS[plugin]?.has(happening) !== false) return true;
  return false;
}
