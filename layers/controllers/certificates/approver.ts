/** Nodes' requests for their client certificates are approved where RBAC says that who asks may have them. */
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '#kinds/generated/types.ts';
import { type CertificateRequest, parseCertificateRequest, RequestError } from '#kinds/certificates/request.ts';
import { NODE_CLIENT_SIGNER, nodeClientMismatch } from '#kinds/certificates/signers.ts';
import { isDecided, isIssued, REQUESTS } from './conditions.ts';

/** Tried in this order; each is a permission to create the request's subresource. */
const KINDS: readonly { readonly permission: string; readonly message: string; fits(request: CertificateSigningRequest, parsed: CertificateRequest): boolean }[] = [
  {
    permission: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    fits: ({ spec }, { commonName }) => spec.username === commonName,
  },
  { permission: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.', fits: () => true },
];

async function mayHave({ spec }: CertificateSigningRequest, subresource: string, { client }: ControllerContext): Promise<boolean> {
  const { username: user = '', uid, groups, extra } = spec;
  const review = await client.create<SubjectAccessReview>('subjectaccessreviews.authorization.k8s.io', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user,
      ...(uid === undefined ? {} : { uid }),
      ...(groups === undefined ? {} : { groups }),
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource, version: '*' },
    },
  });
  return review.status?.allowed === true;
}

async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
  const request = context.cache.get<CertificateSigningRequest>(REQUESTS, '', key);
  if (request === undefined || request.metadata.deletionTimestamp !== undefined || isIssued(request) || isDecided(request) || request.spec.signerName !== NODE_CLIENT_SIGNER)
    return {};
  let parsed: CertificateRequest;
  try {
    parsed = parseCertificateRequest(request.spec.request);
  } catch (error) {
    if (error instanceof RequestError) return {};
    throw error;
  }
  if (nodeClientMismatch(parsed, request.spec.usages ?? []) !== undefined) return {};
  for (const { permission, message, fits } of KINDS) {
    if (!fits(request, parsed) || !(await mayHave(request, permission, context))) continue;
    const conditions = [...(request.status?.conditions ?? []), { type: 'Approved', status: 'True', reason: 'AutoApproved', message }];
    await context.client.update<CertificateSigningRequest>(REQUESTS, { ...request, status: { ...request.status, conditions } }, 'approval');
    return {};
  }
  return {};
}

export const csrApprover = (): Controller => ({ name: 'certificate-controller', watches: [{ resource: REQUESTS }], reconcile });
