/** `[scheme:]name[:port]` of a proxy request, and where that is (`registry/core/{pod,service,node}` ResourceLocation). */
import { connect as tlsOver } from 'node:tls';
import type { Duplex } from 'node:stream';
import { isIP } from 'node:net';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, noSuchResource, unavailable } from '#machinery/status.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { parseBytes } from '../write/body.ts';
import { dialNode, dialPod } from './dial.ts';
import { type Pod, readStored } from './target.ts';

export interface ProxyTarget {
  readonly host: string;
  readonly secure: boolean;
  connect(signal: AbortSignal): Promise<Duplex>;
}

interface Address {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

const SCHEMES: ReadonlySet<string> = new Set(['', 'http', 'https']);

function split(text: string, what: string): Address {
  const parts = text.split(':');
  const address =
    parts.length === 1
      ? { scheme: '', name: parts[0]!, port: '' }
      : parts.length === 2
        ? { scheme: '', name: parts[0]!, port: parts[1]! }
        : { scheme: parts[0]!, name: parts[1]!, port: parts[2]! };
  if (parts.length > 3 || address.name === '' || !SCHEMES.has(address.scheme)) throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return address;
}

/** No API client may make the API server talk to itself or to the host's metadata service. */
function allowed(ip: string): void {
  if (isIP(ip) === 0 || ip.startsWith('127.') || ip === '::1' || ip.startsWith('169.254.') || ip.toLowerCase().startsWith('fe80:')) throw badRequest('address not allowed');
}

function toPod(services: Services, node: KubeObject | undefined, ip: string, port: number, scheme: string): ProxyTarget {
  allowed(ip);
  const host = isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
  return {
    host,
    secure: scheme === 'https',
    async connect(signal) {
      const plain = await dialPod(services, node, ip, port, signal);
      if (scheme !== 'https') return plain;
      // as in Kubernetes: whoever asked for a pod's https port wants its words, not its identity
      const secure = tlsOver({ socket: plain, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
      await new Promise<void>((resolve, reject) => {
        secure.once('secureConnect', resolve);
        secure.once('error', (error) => reject(unavailable(`error trying to reach service: ${error.message}`, 0)));
      });
      return secure;
    },
  };
}

async function nodeNamed(services: Services, name: string | undefined): Promise<KubeObject | undefined> {
  if (!name) return undefined;
  const stored = await services.store.get({ resource: 'nodes', namespace: '', name });
  return stored === undefined ? undefined : parseBytes(stored.body);
}

async function podTarget(services: Services, { namespace, name: text }: RequestInfo): Promise<ProxyTarget> {
  const { scheme, name, port } = split(text, 'pod');
  const pod = await readStored<Pod>(services, 'pods', namespace, name);
  const number = port === '' ? (pod.spec.containers.find(({ ports }) => (ports ?? []).length > 0)?.ports?.[0]?.containerPort ?? (scheme === 'https' ? 443 : 80)) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw badRequest(`invalid pod request ${JSON.stringify(text)}`);
  return toPod(services, await nodeNamed(services, pod.spec.nodeName), pod.status?.podIP ?? '', number, scheme);
}

interface Service extends KubeObject {
  spec: { ports?: readonly { readonly name?: string; readonly port: number }[] };
}

interface Slice extends KubeObject {
  endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean }; readonly nodeName?: string }[];
  ports?: readonly { readonly name?: string; readonly port?: number }[];
}

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly node: string | undefined;
}

/** The ready endpoints of a service's port, which is given as in the service: by number, by name, or not at all where there is but one. */
export async function serviceEndpoints(services: Pick<Services, 'store'>, namespace: string, name: string, port: string): Promise<readonly Endpoint[]> {
  const service = await readStored<Service>(services, 'services', namespace, name);
  const ports = service.spec.ports ?? [];
  let portName = port;
  if (/^\d+$/.test(port)) {
    const found = ports.find((one) => one.port === Number(port));
    if (found === undefined) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`, 0);
    portName = found.name ?? '';
  } else if (port === '' && ports.length === 1) portName = ports[0]!.name ?? '';
  const page = await services.store.list({
    resource: 'endpointslices.discovery.k8s.io',
    namespace,
    version: 'latest',
    match: ({ labels }) => labels['kubernetes.io/service-name'] === name,
  });
  const found: Endpoint[] = [];
  for (const item of page.items) {
    const slice = parseBytes<Slice>(item.body);
    for (const one of slice.ports ?? []) {
      if ((one.name ?? '') !== portName || one.port === undefined) continue;
      for (const endpoint of slice.endpoints ?? [])
        if (endpoint.conditions?.ready !== false) for (const ip of endpoint.addresses) found.push({ ip, port: one.port, node: endpoint.nodeName });
    }
  }
  if (found.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`, 0);
  return found;
}

async function serviceTarget(services: Services, { namespace, name: text }: RequestInfo): Promise<ProxyTarget> {
  const { scheme, name, port } = split(text, 'service');
  const found = await serviceEndpoints(services, namespace, name, port);
  const chosen = found[Math.floor(services.random() * found.length)]!;
  return toPod(services, await nodeNamed(services, chosen.node), chosen.ip, chosen.port, scheme);
}

async function nodeTarget(services: Services, { name: text }: RequestInfo): Promise<ProxyTarget> {
  const { name, port } = split(text, 'node');
  const node = await readStored<KubeObject & { status?: { addresses?: readonly { type: string; address: string }[]; daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } } }>(
    services,
    'nodes',
    '',
    name,
  );
  const agentPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (port !== '' && Number(port) !== agentPort) {
    const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
    return toPod(services, node, address, Number(port), '');
  }
  return { host: name, secure: true, connect: (signal) => dialNode(services, node, signal) };
}

export function proxyTarget(services: Services, info: RequestInfo): Promise<ProxyTarget> {
  switch (info.resource) {
    case 'pods':
      return podTarget(services, info);
    case 'services':
      return serviceTarget(services, info);
    case 'nodes':
      return nodeTarget(services, info);
    default:
      throw noSuchResource();
  }
}
