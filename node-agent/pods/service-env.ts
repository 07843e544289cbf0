/** The variables that tell a container of the services in its namespace, docker-link style. */
import type { KubeObject } from '#machinery/object.ts';

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function ofService(service: KubeObject): [string, string][] {
  const { clusterIP = '', ports = [] } = (service['spec'] ?? {}) as ServiceSpec;
  const prefix = variableName(service.metadata.name ?? '');
  const first = ports[0];
  if (clusterIP === '' || clusterIP === 'None' || first === undefined) return [];
  const url = (port: { readonly port: number; readonly protocol?: string }): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${host(clusterIP)}:${port.port}`;
  const variables: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, clusterIP],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
  ];
  for (const port of ports) if (port.name !== undefined && port.name !== '') variables.push([`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]);
  variables.push([`${prefix}_PORT`, url(first)]);
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const name = `${prefix}_PORT_${port.port}_${protocol}`;
    variables.push([name, url(port)], [`${name}_PROTO`, protocol.toLowerCase()], [`${name}_PORT`, String(port.port)], [`${name}_ADDR`, clusterIP]);
  }
  return variables;
}

/** `links` false leaves the service of the API server only. */
export function serviceEnv(services: readonly KubeObject[], namespace: string, links: boolean): Map<string, string> {
  const variables = new Map<string, string>();
  const isMaster = (service: KubeObject): boolean => service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes';
  // A service of that name in the pod's own namespace wins over the API server's.
  for (const service of services) if (isMaster(service)) for (const [name, value] of ofService(service)) variables.set(name, value);
  if (links) for (const service of services) if (service.metadata.namespace === namespace) for (const [name, value] of ofService(service)) variables.set(name, value);
  return variables;
}
