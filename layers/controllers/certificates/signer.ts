/** Approved requests to Kubernetes' own signers get their certificate, or are told why they do not. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { CertificateSigningRequest } from '#kinds/generated/types.ts';
import { type CertificateRequest, parseCertificateRequest } from '#kinds/certificates/request.ts';
import { CLIENT_SIGNER, NODE_CLIENT_SIGNER, NODE_SERVING_SIGNER, nodeClientMismatch, nodeServingMismatch } from '#kinds/certificates/signers.ts';
import { conditionOf, isApproved, isIssued, REQUESTS } from './conditions.ts';

/** The longest life, and that of a request that asks for none: a year. */
const LONGEST_S = 365 * 24 * 3600;
const SHORTEST_S = 600;
/** Clocks differ: certificates are good from a little earlier on. */
const BACKDATE_S = 300;
/** Lives below this are not cut by what they were backdated. */
const SHORT_S = 8 * 3600;

export interface CertificateOrder {
  readonly request: CertificateRequest;
  readonly usages: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The cluster's certificate authority. */
export interface CertificateAuthority {
  /** The certificate in PEM; it is cut to the authority's own life. */
  issue(order: CertificateOrder): Promise<string>;
}

function clientMismatch(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** By signer, why it does not sign; a signer that is not here is another's. */
const SIGNERS: Readonly<Record<string, (request: CertificateRequest, usages: readonly string[]) => string | undefined>> = {
  [CLIENT_SIGNER]: (_, usages) => clientMismatch(usages),
  [NODE_CLIENT_SIGNER]: nodeClientMismatch,
  [NODE_SERVING_SIGNER]: nodeServingMismatch,
};

export function csrSigner(authority: CertificateAuthority): Controller {
  async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
    const request = cache.get<CertificateSigningRequest>(REQUESTS, '', key);
    const refuse = SIGNERS[request?.spec.signerName ?? ''];
    if (request === undefined || refuse === undefined || request.metadata.deletionTimestamp !== undefined) return {};
    if (!isApproved(request) || isIssued(request) || conditionOf(request, 'Failed') !== undefined) return {};
    const usages = request.spec.usages ?? [];
    const parsed = parseCertificateRequest(request.spec.request);
    const message = refuse(parsed, usages);
    if (message !== undefined) {
      const conditions = [...(request.status?.conditions ?? []), { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message }];
      await client.update<CertificateSigningRequest>(REQUESTS, { ...request, status: { ...request.status, conditions } }, 'status');
      return {};
    }
    const seconds = Math.min(LONGEST_S, Math.max(SHORTEST_S, request.spec.expirationSeconds ?? LONGEST_S));
    const now = clock.now();
    const notAfter = now + (seconds < SHORT_S ? seconds : seconds - BACKDATE_S) * 1000;
    const pem = await authority.issue({ request: parsed, usages, notBefore: now - BACKDATE_S * 1000, notAfter });
    await client.update<CertificateSigningRequest>(REQUESTS, { ...request, status: { ...request.status, certificate: Buffer.from(pem).toString('base64') } }, 'status');
    return {};
  }
  return { name: 'certificate-signing-controller', watches: [{ resource: REQUESTS }], reconcile };
}
