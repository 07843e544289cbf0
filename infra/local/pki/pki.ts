/**
 * The cluster's certificates and signing keys, made once and kept in the data directory: a certificate authority, the API server's
 * serving certificate, and client certificates for the administrator, the nodes, and the API server's calls to the nodes.
 * Names and organizations follow Kubernetes' "PKI certificates and requirements".
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const YEAR_MS = 365 * 24 * 3600_000;
const CA_YEARS = 10;
/** Local certificates are renewed when a start finds less than a third of this left. */
const LEAF_MS = YEAR_MS;
/** Clocks of hosts and containers differ by a little: certificates are valid from an hour before they are made. */
const BACKDATE_MS = 3600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface KeyAndCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface LeafRequest {
  /** The file name, without ending. */
  readonly file: string;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usage: 'server' | 'client';
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

export interface Pki {
  readonly caFile: string;
  readonly caKeyFile: string;
  /** Signs service account tokens (RS256, what every verifier takes). */
  readonly serviceAccountKeyFile: string;
  /** How the API server shows itself to the servers behind APIServices: a client certificate of an authority of its own, which nobody else's can pass for. */
  frontProxy(): Promise<KeyAndCertificate & { readonly caFile: string }>;
  /** Makes the certificate, or gives the one there is while it still fits the request and has time left. */
  leaf(request: LeafRequest): Promise<KeyAndCertificate>;
}

const subject = (request: LeafRequest): { [type: string]: string[] }[] => [
  ...(request.organizations ?? []).map((organization) => ({ O: [organization] })),
  { CN: [request.commonName] },
];

function writePrivate(file: string, text: string): void {
  const part = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(part, text, { mode: 0o600 });
  renameSync(part, file);
}

/** Whether the certificate on disk still says what is asked and lasts a third of its time. */
function stillGood(file: string, caPem: string, request: LeafRequest, now: number): boolean {
  if (!existsSync(file)) return false;
  const certificate = new X509Certificate(readFileSync(file));
  if (certificate.validToDate.getTime() - now < LEAF_MS / 3) return false;
  if (!certificate.verify(new X509Certificate(caPem).publicKey)) return false;
  return (
    (request.dnsNames ?? []).every((name) => certificate.checkHost(name) !== undefined) && (request.addresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

/** Imported late: the library costs a tenth of a second and is needed at the first start only. */
async function x509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
    .toString('base64')
    .replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;

async function makeAuthority(caFile: string, caKeyFile: string, cluster: string, now: number): Promise<void> {
  const lib = await x509();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`paperplane ${cluster}`] }],
    serialNumber: randomBytes(16).toString('hex'),
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + CA_YEARS * YEAR_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new lib.BasicConstraintsExtension(true, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign | lib.KeyUsageFlags.digitalSignature, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivate(caKeyFile, await exportKey(keys.privateKey));
  writeFileSync(caFile, `${certificate.toString('pem')}\n`);
}

async function makeLeaf(request: LeafRequest, caPem: string, caKeyPem: string, target: KeyAndCertificate, now: number): Promise<void> {
  const lib = await x509();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', createPrivateKey(caKeyPem).export({ format: 'der', type: 'pkcs8' }), ALGORITHM, false, ['sign']);
  const authority = new lib.X509Certificate(caPem);
  const names = [...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })), ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value }))];
  const certificate = await lib.X509CertificateGenerator.create({
    subject: subject(request),
    issuer: authority.subject,
    serialNumber: randomBytes(16).toString('hex'),
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + LEAF_MS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature | lib.KeyUsageFlags.keyEncipherment, true),
      new lib.ExtendedKeyUsageExtension([request.usage === 'server' ? lib.ExtendedKeyUsage.serverAuth : lib.ExtendedKeyUsage.clientAuth]),
      await lib.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ...(names.length === 0 ? [] : [new lib.SubjectAlternativeNameExtension(names)]),
    ],
  });
  writePrivate(target.keyFile, await exportKey(keys.privateKey));
  writeFileSync(target.certFile, `${certificate.toString('pem')}\n`);
}

export async function ensurePki(directory: string, cluster: string, now: number): Promise<Pki> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const caFile = join(directory, 'ca.crt');
  const caKeyFile = join(directory, 'ca.key');
  const serviceAccountKeyFile = join(directory, 'service-account.key');
  if (!existsSync(caFile) || !existsSync(caKeyFile)) await makeAuthority(caFile, caKeyFile, cluster, now);
  if (!existsSync(serviceAccountKeyFile)) {
    writePrivate(serviceAccountKeyFile, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  }
  const caPem = readFileSync(caFile, 'utf8');
  return {
    caFile,
    caKeyFile,
    serviceAccountKeyFile,
    async frontProxy() {
      const authority = { certFile: join(directory, 'front-proxy-ca.crt'), keyFile: join(directory, 'front-proxy-ca.key') };
      if (!existsSync(authority.certFile) || !existsSync(authority.keyFile)) await makeAuthority(authority.certFile, authority.keyFile, `${cluster} front proxy`, now);
      const frontCaPem = readFileSync(authority.certFile, 'utf8');
      const request: LeafRequest = { file: 'front-proxy-client', commonName: 'front-proxy-client', usage: 'client' };
      const target = { certFile: join(directory, `${request.file}.crt`), keyFile: join(directory, `${request.file}.key`) };
      if (!existsSync(target.keyFile) || !stillGood(target.certFile, frontCaPem, request, now))
        await makeLeaf(request, frontCaPem, readFileSync(authority.keyFile, 'utf8'), target, now);
      return { ...target, caFile: authority.certFile };
    },
    async leaf(request) {
      const target = { certFile: join(directory, `${request.file}.crt`), keyFile: join(directory, `${request.file}.key`) };
      if (!existsSync(target.keyFile) || !stillGood(target.certFile, caPem, request, now)) await makeLeaf(request, caPem, readFileSync(caKeyFile, 'utf8'), target, now);
      return target;
    },
  };
}
