/** The signers that Kubernetes knows, and what each may sign (`apis/certificates/helpers.go`). */
import type { CertificateRequest } from './request.ts';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
export const NODE_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const NODE_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
export const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const NODE_PREFIX = 'system:node:';

const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((one) => b.includes(one));

/** Keys that are not RSA need no key encipherment. */
function usagesMismatch(usages: readonly string[], purpose: string): string | undefined {
  const full = [...new Set(usages)];
  if (sameSet(full, ['digital signature', purpose]) || sameSet(full, ['digital signature', 'key encipherment', purpose])) return undefined;
  return `usages did not match [${[purpose, 'digital signature', 'key encipherment'].toSorted().join(' ')}]`;
}

const isNodes = ({ organizations }: CertificateRequest): boolean => organizations.length === 1 && organizations[0] === 'system:nodes';

/** Why this is no request of a node for its serving certificate. */
export function nodeServingMismatch(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length + request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesMismatch(usages, 'server auth') ?? (request.commonName.startsWith(NODE_PREFIX) ? undefined : 'subject common name does not begin with system:node:');
}

/** Why this is no request of a node for its client certificate. */
export function nodeClientMismatch(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesMismatch(usages, 'client auth') ?? (request.commonName.startsWith(NODE_PREFIX) ? undefined : 'subject common name does not begin with system:node:');
}
