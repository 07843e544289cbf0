/** The downward API's view of a pod's own fields. */
import type { Pod } from './pod.ts';

export interface PodAddresses {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

/** Keys in order, values quoted as Go does: one line each. */
export const mapText = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map![key])}`)
    .join('\n');

const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/;

/** The text of a field path; unknown paths throw (the API server lets none through). */
export function podField(pod: Pod, path: string, addresses: PodAddresses): string {
  const key = subscript.exec(path);
  if (key !== null) return (key[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[key[2]!] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return mapText(pod.metadata.labels);
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return addresses.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return addresses.hostIPs.join(',');
    case 'status.podIP':
      return addresses.podIPs[0] ?? '';
    case 'status.podIPs':
      return addresses.podIPs.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** Whether a container can only be made once the pod has its address. */
export const needsPodAddress = (path: string | undefined): boolean => path === 'status.podIP' || path === 'status.podIPs';
