/** Certificate requests (PKCS #10, RFC 2986): who asks for what, and whether the asker holds the key. */
import { createPublicKey, verify } from 'node:crypto';
import { DerError, type DerValue, expectTag, oidText, readAll, readOnly, TAG } from './der.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** Name, as it is to be signed. */
  readonly subject: Buffer;
}

export class RequestError extends Error {
  readonly code = 'CERTIFICATE_REQUEST';
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const CONTEXT_ATTRIBUTES = 0xa0;
const NAME = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;
/** By the signature's algorithm, the digest that node:crypto wants; none for Ed25519. */
const DIGESTS: Readonly<Record<string, string | undefined>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': undefined,
};
const PEM = /-----BEGIN ([^-]+)-----\r?\n([\s\S]*?)-----END \1-----/;
const BMP_STRING = 0x1e;

function stringOf({ tag, body }: DerValue): string {
  return tag === BMP_STRING ? Buffer.from(body).swap16().toString('utf16le') : body.toString('utf8');
}

function attributesOf(name: Buffer): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const set of readAll(readOnly(name, TAG.sequence).body))
    for (const pair of readAll(expectTag(set, TAG.set).body)) {
      const [type, value] = readAll(expectTag(pair, TAG.sequence).body);
      const oid = oidText(expectTag(type, TAG.oid));
      if (value !== undefined) found.set(oid, [...(found.get(oid) ?? []), stringOf(value)]);
    }
  return found;
}

/** The names in the extensions that are asked for. */
function alternativeNames(attributes: DerValue | undefined): readonly DerValue[] {
  if (attributes === undefined || attributes.tag !== CONTEXT_ATTRIBUTES) return [];
  for (const attribute of readAll(attributes.body)) {
    const [type, values] = readAll(expectTag(attribute, TAG.sequence).body);
    if (oidText(expectTag(type, TAG.oid)) !== EXTENSION_REQUEST) continue;
    for (const extensions of readAll(expectTag(values, TAG.set).body))
      for (const extension of readAll(expectTag(extensions, TAG.sequence).body)) {
        const parts = readAll(expectTag(extension, TAG.sequence).body);
        if (oidText(expectTag(parts[0], TAG.oid)) === SUBJECT_ALT_NAME) return readAll(readOnly(expectTag(parts.at(-1), TAG.octetString).body, TAG.sequence).body);
      }
  }
  return [];
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new DerError(`x509: cannot parse IP address of length ${bytes.length}`);
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':');
}

function parse(der: Buffer): CertificateRequest & { readonly signed: Buffer; readonly algorithm: string; readonly signature: Buffer } {
  const [info, algorithm, signature] = readAll(readOnly(der, TAG.sequence).body);
  const [version, subject, publicKey, attributes] = readAll(expectTag(info, TAG.sequence).body);
  expectTag(version, TAG.integer);
  const names = alternativeNames(attributes);
  const texts = (tag: number): string[] => names.filter((name) => name.tag === tag).map(({ body }) => body.toString('latin1'));
  const bits = expectTag(signature, TAG.bitString).body;
  const known = attributesOf(expectTag(subject, TAG.sequence).whole);
  return {
    commonName: known.get(COMMON_NAME)?.at(-1) ?? '',
    organizations: known.get(ORGANIZATION) ?? [],
    dnsNames: texts(NAME.dns),
    emailAddresses: texts(NAME.email),
    uris: texts(NAME.uri),
    ipAddresses: names.filter(({ tag }) => tag === NAME.ip).map(({ body }) => addressText(body)),
    publicKey: expectTag(publicKey, TAG.sequence).whole,
    subject: subject!.whole,
    signed: info!.whole,
    algorithm: oidText(expectTag(readAll(expectTag(algorithm, TAG.sequence).body)[0], TAG.oid)),
    // the first byte counts unused bits
    signature: bits.subarray(1),
  };
}

/** `request` as in the object: base64 of PEM. @throws RequestError with the text that validation shows */
export function parseCertificateRequest(request: string): CertificateRequest {
  const block = PEM.exec(Buffer.from(request, 'base64').toString('latin1'));
  if (block === null || block[1] !== 'CERTIFICATE REQUEST') throw new RequestError('PEM block type must be CERTIFICATE REQUEST');
  try {
    const { signed, algorithm, signature, ...parsed } = parse(Buffer.from(block[2]!, 'base64'));
    if (!(algorithm in DIGESTS)) throw new RequestError('x509: cannot verify signature: algorithm unimplemented');
    const key = createPublicKey({ key: parsed.publicKey, format: 'der', type: 'spki' });
    if (!verify(DIGESTS[algorithm], signed, key, signature)) throw new RequestError('x509: signature verification failed');
    return parsed;
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError(error instanceof DerError ? error.message : `x509: failed to parse public key: ${error instanceof Error ? error.message : String(error)}`);
  }
}
