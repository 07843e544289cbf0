import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCertificateRequest } from '#kinds/certificates/request.ts';
import { CLIENT_REQUEST, NODE_SERVING_REQUEST } from '#kinds/testing/certificates.ts';
import { certificateAuthority } from './authority.ts';
import { ensurePki } from './pki.ts';

test('a certificate for who asks, with the key and the names of the request, for the usages and the time that were granted', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'authority-'));
  try {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const pki = await ensurePki(directory, 'test', now);
    const caPem = readFileSync(pki.caFile, 'utf8');
    const authority = certificateAuthority(caPem, readFileSync(pki.caKeyFile, 'utf8'));
    const ca = new X509Certificate(caPem);

    const serving = parseCertificateRequest(NODE_SERVING_REQUEST);
    const server = new X509Certificate(await authority.issue({ request: serving, usages: ['digital signature', 'server auth'], notBefore: now, notAfter: now + 3_600_000 }));
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(server.subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(server.checkHost('n1')).toBe('n1');
    expect(server.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect([server.validFromDate.getTime(), server.validToDate.getTime()]).toEqual([now, now + 3_600_000]);
    expect(server.publicKey.equals(createPublicKey({ key: serving.publicKey, format: 'der', type: 'spki' }))).toBe(true);

    const client = new X509Certificate(
      await authority.issue({ request: parseCertificateRequest(CLIENT_REQUEST), usages: ['client auth'], notBefore: now, notAfter: now + 100 * 365 * 86_400_000 }),
    );
    expect(client.subject).toBe('O=team\nCN=jane');
    expect(client.validToDate).toEqual(ca.validToDate);
    expect(client.ca).toBe(false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
