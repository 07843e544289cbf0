/** In which order groups and versions are listed: clients take the first group that has a short name (kube-apiserver `app/aggregator.go`). */
const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  'apiregistration.k8s.io': 17_900,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 16_200,
};
const VERSIONS: Readonly<Record<string, number>> = { '/v1': 1, 'autoscaling/v2': 30, 'flowcontrol.apiserver.k8s.io/v1': 21, 'resource.k8s.io/v1': 21 };
const CUSTOM_GROUP = 1_000;
const BUILT_IN_VERSION = 15;
const CUSTOM_VERSION = 100;

export const isBuiltInGroup = (group: string): boolean => Object.hasOwn(GROUPS, group);
export const groupPriority = (group: string): number => GROUPS[group] ?? CUSTOM_GROUP;
export const versionPriority = (group: string, version: string): number => VERSIONS[`${group}/${version}`] ?? (isBuiltInGroup(group) ? BUILT_IN_VERSION : CUSTOM_VERSION);
