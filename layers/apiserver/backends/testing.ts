/** A server of TLS that stands for a Service of the cluster, with a certificate of its own authority. */
import { randomBytes, webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Harness } from '../testing/harness.ts';
import type { NodeDialer } from '../streams/port.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

const pem = (bytes: ArrayBuffer, what: string): string => `-----BEGIN ${what}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${what}-----\n`;

/** A certificate that signs itself, for these DNS names. */
export async function certificate(...names: readonly string[]): Promise<{ readonly certPem: string; readonly keyPem: string }> {
  await import('reflect-metadata');
  const lib = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const made = await lib.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0]!] }],
    serialNumber: randomBytes(8).toString('hex'),
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new lib.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))],
  });
  return { certPem: `${made.toString('pem')}\n`, keyPem: pem(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY') };
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The common name of the client's certificate. */
  readonly client: string | undefined;
}

export interface TestBackend {
  readonly port: number;
  readonly caBundle: string;
  readonly received: Received[];
  close(): void;
}

/** Upgrades get an echo. */
export async function startBackend(
  service: string,
  answer: (request: Received) => { readonly status?: number; readonly type?: string; readonly body: unknown },
): Promise<TestBackend> {
  const own = await certificate(`${service}.default.svc`);
  const received: Received[] = [];
  const server: Server = createServer({ cert: own.certPem, key: own.keyPem, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      const one = { method: request.method!, url: request.url!, headers: request.headers, body: Buffer.concat(parts).toString(), client: Array.isArray(name) ? name[0] : name };
      received.push(one);
      const { status = 200, type = 'application/json', body } = answer(one);
      response.writeHead(status, { 'content-type': type });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
    received.push({ method: request.method!, url: request.url!, headers: request.headers, body: '', client: Array.isArray(name) ? name[0] : name });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(own.certPem).toString('base64'),
    received,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Whatever pod is meant, the connection goes to this machine. */
export const localDialer: NodeDialer = {
  connect: () => Promise.reject(new Error('there are no nodes')),
  connectPod: (_node, _address, port) =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    }),
};

/** A Service of this name whose one endpoint is the backend. */
export async function publish(api: Harness, name: string, port: number): Promise<void> {
  await api.request('POST', '/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { clusterIP: 'None', ports: [{ name: 'https', port: 443, targetPort: port }] },
  });
  await api.request('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true } }],
    ports: [{ name: 'https', port }],
  });
}
