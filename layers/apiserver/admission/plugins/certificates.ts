/** CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve and sign for a signer, and what may not be asked for. */
import { parseCertificateRequest, RequestError } from '#kinds/certificates/request.ts';
import { CLIENT_SIGNER } from '#kinds/certificates/signers.ts';
import type { CertificateSigningRequest } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { User } from '../../authn/port.ts';
import type { Services } from '../../server.port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../port.ts';

const GROUP = 'certificates.k8s.io';
const RESOURCE = 'certificatesigningrequests';
const MASTERS = 'system:masters';

const isRequest = ({ group, resource }: AdmissionAttributes): boolean => group === GROUP && resource === RESOURCE;
const refuse = (name: string, why: string): never => {
  throw forbiddenRequest({ group: GROUP, resource: RESOURCE }, name, why);
};

/** By the signer's own name, or by its domain: `example.com/*`. */
async function mayFor(services: Services, user: User, verb: 'approve' | 'sign', signer: string): Promise<boolean> {
  for (const name of [signer, `${signer.split('/')[0]}/*`]) {
    const decision = await services.authorizer.authorize({
      user,
      verb,
      isResource: true,
      group: GROUP,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    if (decision.outcome === 'allow') return true;
  }
  return false;
}

export const certificateApproval = (services: () => Services): AdmissionPlugin => ({
  name: 'CertificateApproval',
  handles: (attributes) => isRequest(attributes) && attributes.operation === 'UPDATE' && attributes.subresource === 'approval',
  async validate({ object, user, name }) {
    const signer = (object as CertificateSigningRequest).spec?.signerName ?? '';
    if (!(await mayFor(services(), user, 'approve', signer))) refuse(name, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
  },
});

export const certificateSigning = (services: () => Services): AdmissionPlugin => ({
  name: 'CertificateSigning',
  handles: (attributes) => isRequest(attributes) && attributes.operation === 'UPDATE' && attributes.subresource === 'status',
  async validate({ object, oldObject, user, name }) {
    const [now, old] = [object as CertificateSigningRequest, oldObject as CertificateSigningRequest];
    if (now.status?.certificate === old.status?.certificate && semanticEqual(now.status?.conditions, old.status?.conditions)) return;
    const signer = old.spec?.signerName ?? '';
    if (!(await mayFor(services(), user, 'sign', signer))) refuse(name, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
  },
});

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (attributes) => isRequest(attributes) && attributes.operation === 'CREATE' && attributes.subresource === '',
  validate({ object, name }) {
    const { spec } = object as CertificateSigningRequest;
    if (spec?.signerName !== CLIENT_SIGNER) return;
    try {
      const { organizations } = parseCertificateRequest(String(spec.request ?? ''));
      if (organizations.includes(MASTERS)) refuse(name, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      refuse(name, `unable to parse csr: ${error.message}`);
    }
  },
};
