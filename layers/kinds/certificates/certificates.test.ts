import { describe, expect, test } from 'vitest';
import type { CertificateSigningRequest } from '#kinds/generated/types.ts';
import { CERTIFICATE, CLIENT_REQUEST, NODE_CLIENT_REQUEST, NODE_SERVING_REQUEST } from '../testing/certificates.ts';
import { cells, created, problems, updated } from '../testing/kinds.ts';
import { parseCertificateRequest } from './request.ts';
import { nodeClientMismatch, nodeServingMismatch } from './signers.ts';

describe('a certificate request', () => {
  test('says who asks, for which names', () => {
    expect(parseCertificateRequest(CLIENT_REQUEST)).toMatchObject({ commonName: 'jane', organizations: ['team'], dnsNames: [], ipAddresses: [] });
    expect(parseCertificateRequest(NODE_SERVING_REQUEST)).toMatchObject({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      dnsNames: ['n1'],
      ipAddresses: ['10.0.0.1'],
    });
  });
  test('must be signed by its key, and be one at all', () => {
    expect(() => parseCertificateRequest(CERTIFICATE)).toThrow('PEM block type must be CERTIFICATE REQUEST');
    const pem = Buffer.from(NODE_CLIENT_REQUEST, 'base64').toString('latin1');
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const wrap = (bytes: Buffer): string => Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`).toString('base64');
    const forged = Buffer.from(der);
    forged[forged.indexOf('n1') + 1] = 0x32;
    expect(() => parseCertificateRequest(wrap(forged))).toThrow('x509: signature verification failed');
    for (let length = 0; length < der.length; length += 7) expect(() => parseCertificateRequest(wrap(der.subarray(0, length)))).toThrow();
    expect(() => parseCertificateRequest(wrap(Buffer.concat([der, Buffer.of(0)])))).toThrow('trailing data');
  });
  test('of a node is told from others', () => {
    const [client, serving, other] = [NODE_CLIENT_REQUEST, NODE_SERVING_REQUEST, CLIENT_REQUEST].map(parseCertificateRequest);
    expect(nodeClientMismatch(client!, ['digital signature', 'client auth'])).toBeUndefined();
    expect(nodeClientMismatch(client!, ['client auth'])).toBe('usages did not match [client auth digital signature key encipherment]');
    expect(nodeClientMismatch(serving!, ['digital signature', 'client auth'])).toBe('DNS subjectAltNames are not allowed');
    expect(nodeServingMismatch(serving!, ['digital signature', 'key encipherment', 'server auth'])).toBeUndefined();
    expect(nodeServingMismatch(client!, ['digital signature', 'server auth'])).toBe('DNS or IP subjectAltName is required');
    expect(nodeServingMismatch(other!, [])).toBe('subject organization is not system:nodes');
  });
});

const good = { request: CLIENT_REQUEST, signerName: 'example.com/a', usages: ['client auth'] };
const of = (spec: object = {}, status?: CertificateSigningRequest['status']): CertificateSigningRequest => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: {},
  spec: { ...good, ...spec },
  ...(status === undefined ? {} : { status }),
});
const approved = { type: 'Approved', status: 'True', reason: 'Yes' };
const denied = { type: 'Denied', status: 'True' };

describe('a certificate signing request', () => {
  test('is asked by who asks it, whatever it says', () => {
    expect(created(of({ username: 'root', groups: ['system:masters'] })).spec).toEqual({ ...good, username: 'jane', uid: 'u-1', groups: ['team', 'system:authenticated'] });
  });
  test.each<[object, string[]]>([
    [{}, []],
    [{ request: 'YQ==' }, ['spec.request: Invalid: PEM block type must be CERTIFICATE REQUEST']],
    [{ usages: [] }, ['spec.usages: Required']],
    [{ usages: ['client auth', 'client auth'] }, ['spec.usages[1]: Duplicate']],
    [{ signerName: '' }, ['spec.signerName: Required']],
    [{ signerName: 'kubernetes.io/legacy-unknown' }, ['spec.signerName: Invalid: the legacy signerName is not allowed via this API version']],
    [{ signerName: 'a' }, ["spec.signerName: Invalid: must be a fully qualified domain and path of the form 'example.com/signer-name'"]],
    [{ signerName: 'a/b' }, ['spec.signerName: Invalid: should be a domain with at least two segments separated by dots']],
    [{ expirationSeconds: 599 }, ['spec.expirationSeconds: Invalid: may not specify a duration less than 600 seconds (10 minutes)']],
  ])('%o', (spec, expected) => expect(problems(of(spec))).toEqual(expected));

  test('approval sets conditions, with their times, and nothing else', () => {
    const { object, problems: found } = updated(of(), of({ signerName: 'other.com/b' }, { conditions: [approved], certificate: CERTIFICATE }), 'approval');
    expect(found).toEqual([]);
    expect(object.spec.signerName).toBe('example.com/a');
    expect(object.status).toEqual({ conditions: [{ ...approved, lastUpdateTime: '2026-01-01T00:10:00Z', lastTransitionTime: '2026-01-01T00:10:00Z' }] });
    expect(updated(of(), of({}, { conditions: [approved, denied] }), 'approval').problems).toEqual([
      'status.conditions: Invalid: Approved and Denied conditions are mutually exclusive',
    ]);
    expect(updated(of(), of({}, { conditions: [{ type: 'Approved', status: 'False' }] }), 'approval').problems).toEqual([
      'status.conditions[0].status: NotSupported: supported values: "True"',
    ]);
    expect(updated(of({}, { conditions: [approved] }), of({}, { conditions: [] }), 'approval').problems).toEqual([
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    ]);
  });

  test('status sets the certificate, once, and no decision', () => {
    const decided = { conditions: [{ ...approved, lastUpdateTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' }] };
    expect(updated(of({}, decided), of({}, { ...decided, certificate: CERTIFICATE }), 'status').problems).toEqual([]);
    expect(updated(of({}, decided), of({}, { ...decided, certificate: 'YQ==' }), 'status').problems).toEqual([
      'status.certificate: Invalid: must contain at least one CERTIFICATE PEM block',
    ]);
    expect(updated(of({}, { ...decided, certificate: CERTIFICATE }), of({}, { ...decided, certificate: `${CERTIFICATE}${CERTIFICATE}` }), 'status').problems).toContain(
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    );
    expect(updated(of(), of({}, { conditions: [approved] }), 'status').problems).toEqual(['status.conditions: Forbidden: updates may not add a condition of type "Approved"']);
  });

  test('table', () => {
    expect(cells(of({ expirationSeconds: 3600 }))).toEqual(['10m', 'example.com/a', 'jane', '60m', 'Pending']);
  });
});
