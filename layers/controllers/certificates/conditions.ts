/** What the certificate controllers ask of a request. */
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#kinds/generated/types.ts';

export const REQUESTS = 'certificatesigningrequests.certificates.k8s.io';

export const conditionOf = ({ status }: CertificateSigningRequest, type: string): CertificateSigningRequestCondition | undefined =>
  (status?.conditions ?? []).find((condition) => condition.type === type);

export const isApproved = (request: CertificateSigningRequest): boolean => conditionOf(request, 'Approved') !== undefined && conditionOf(request, 'Denied') === undefined;
export const isDecided = (request: CertificateSigningRequest): boolean => conditionOf(request, 'Approved') !== undefined || conditionOf(request, 'Denied') !== undefined;
export const isIssued = ({ status }: CertificateSigningRequest): boolean => (status?.certificate ?? '') !== '';
