/** Signs certificates for whoever the cluster lets have one, with the cluster's own authority. */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '#controllers/certificates/signer.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Bits of the key usage extension, by Kubernetes' names. */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 1,
  'digital signature': 1,
  'content commitment': 2,
  'key encipherment': 4,
  'data encipherment': 8,
  'key agreement': 16,
  'cert sign': 32,
  'crl sign': 64,
  'encipher only': 128,
  'decipher only': 256,
};
const EXTENDED: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

export function certificateAuthority(caPem: string, caKeyPem: string): CertificateAuthority {
  return {
    async issue({ request, usages, notBefore, notAfter }) {
      // late: the library costs a tenth of a second, and most clusters sign nothing
      await import('reflect-metadata');
      const lib = await import('@peculiar/x509');
      const end = new X509Certificate(caPem).validToDate.getTime();
      if (notBefore >= end) throw new Error(`the signer has expired: NotAfter=${new Date(end).toISOString()}`);
      const signingKey = await webcrypto.subtle.importKey('pkcs8', createPrivateKey(caKeyPem).export({ format: 'der', type: 'pkcs8' }), ALGORITHM, false, ['sign']);
      const authority = new lib.X509Certificate(caPem);
      const names = [
        ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...request.emailAddresses.map((value) => ({ type: 'email' as const, value })),
        ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
        ...request.uris.map((value) => ({ type: 'url' as const, value })),
      ];
      const bits = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
      const extended = [...new Set(usages.flatMap((usage) => EXTENDED[usage] ?? []))];
      const certificate = await lib.X509CertificateGenerator.create({
        subject: new lib.Name(new Uint8Array(request.subject)),
        issuer: authority.subjectName,
        serialNumber: randomBytes(16).toString('hex'),
        notBefore: new Date(notBefore),
        notAfter: new Date(Math.min(notAfter, end)),
        publicKey: new lib.PublicKey(new Uint8Array(request.publicKey)),
        signingKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new lib.BasicConstraintsExtension(false, undefined, true),
          ...(bits === 0 ? [] : [new lib.KeyUsagesExtension(bits, true)]),
          ...(extended.length === 0 ? [] : [new lib.ExtendedKeyUsageExtension(extended)]),
          await lib.AuthorityKeyIdentifierExtension.create(authority.publicKey),
          ...(names.length === 0 ? [] : [new lib.SubjectAlternativeNameExtension(names)]),
        ],
      });
      return `${certificate.toString('pem')}\n`;
    },
  };
}
