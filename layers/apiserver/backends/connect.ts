/**
 * Connections from the API server to servers that serve it: webhooks and extension API servers, behind a Service of the cluster or at a URL.
 * Always TLS, always with a deadline.
 */
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, rootCertificates } from 'node:tls';
import type { KubeObject } from '#machinery/object.ts';
import type { Services } from '../server.port.ts';
import { serviceEndpoints } from '../streams/proxy-target.ts';
import { parseBytes } from '../write/body.ts';

export interface ClientCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Backend {
  /** Of the cluster, or at `url` (https only). */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly url?: URL;
  /** Base64 of the PEM that its certificate must be signed by; the system's authorities where absent. */
  readonly caBundle?: string;
  readonly insecure?: boolean;
  readonly client?: ClientCertificate;
  /** Answers in this process instead; nothing is connected to. */
  readonly local?: (services: Services, path: string, query: string) => Promise<{ readonly status: number; readonly body: object }>;
}

/** What stands in the Host header, in the certificate, and in errors. */
export function hostOf({ service, url }: Backend): string {
  if (url !== undefined) return url.host;
  return `${service!.name}.${service!.namespace}.svc:${service!.port}`;
}

const HTTPS_PORT = 443;

async function plain(services: Services, backend: Backend, signal: AbortSignal): Promise<Duplex | { readonly host: string; readonly port: number }> {
  const { service, url } = backend;
  if (url !== undefined) return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? HTTPS_PORT : Number(url.port) };
  const { namespace, name, port } = service!;
  if (services.dialer === undefined) throw new Error('no way to reach pods from here');
  const stored = await services.store.get({ resource: 'services', namespace, name });
  if (stored === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const { spec } = parseBytes<KubeObject & { spec: { type?: string; externalName?: string } }>(stored.body);
  if (spec.type === 'ExternalName') return { host: spec.externalName ?? '', port };
  const endpoints = await serviceEndpoints(services, namespace, name, String(port));
  const { ip, port: target, node } = endpoints[Math.floor(services.random() * endpoints.length)]!;
  const host = node === undefined ? undefined : await services.store.get({ resource: 'nodes', namespace: '', name: node });
  return services.dialer.connectPod(host === undefined ? undefined : parseBytes(host.body), ip, target, signal);
}

/** @throws Error with what a user may read */
export async function connectBackend(services: Services, backend: Backend, signal: AbortSignal): Promise<Duplex> {
  const below = await plain(services, backend, signal);
  const name = backend.url === undefined ? `${backend.service!.name}.${backend.service!.namespace}.svc` : backend.url.hostname;
  const socket = tlsConnect({
    ...('host' in below && 'port' in below ? { host: below.host, port: below.port } : { socket: below as Duplex }),
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(backend.caBundle === undefined || backend.caBundle === '' ? { ca: [...rootCertificates] } : { ca: Buffer.from(backend.caBundle, 'base64') }),
    ...(backend.insecure === true ? { rejectUnauthorized: false } : {}),
    ...(backend.client === undefined ? {} : { cert: backend.client.certPem, key: backend.client.keyPem }),
    ALPNProtocols: ['http/1.1'],
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(new Error('context deadline exceeded'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', fail);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
