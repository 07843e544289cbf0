/** Certificate signing requests: three doors, one each for asking, approving and signing. */
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestStatus } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid, notSupported, required, tooLong } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { age, humanDuration, timestamp } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import type { KindContext } from '../kind.ts';
import type { Errors } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { difference } from '../shared/difference.ts';
import { parseCertificateRequest, RequestError } from './request.ts';
import { LEGACY_SIGNER } from './signers.ts';

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const SHORTEST_S = 600;
const DOMAIN_LENGTH = 253;
/** Domain, slash, and a path with room for a namespace and a name. */
const SIGNER_LENGTH = DOMAIN_LENGTH + 1 + DOMAIN_LENGTH + 63 + 1;
const TERMINAL = ['Approved', 'Denied', 'Failed'];
const DECISIONS = ['Approved', 'Denied'];

function checkSigner(errors: Errors, field: string, signer: string): void {
  if (signer === '') errors.push(required(field));
  else if (signer === LEGACY_SIGNER) errors.push(invalid(field, signer, 'the legacy signerName is not allowed via this API version'));
  else {
    const [domain = '', path = '', ...more] = signer.split('/');
    if (more.length > 0 || !signer.includes('/')) {
      errors.push(invalid(field, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
      return;
    }
    if (domain.length > DOMAIN_LENGTH) errors.push(tooLong(field, DOMAIN_LENGTH));
    const firstBad = (whole: string, check: (label: string) => string[]): void => {
      for (const label of whole.split('.')) {
        const messages = check(label);
        for (const message of messages) errors.push(invalid(field, whole, `validating label ${JSON.stringify(label)}: ${message}`));
        if (messages.length > 0) return;
      }
    };
    firstBad(domain, isDNS1123Label);
    if (!domain.includes('.')) errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
    firstBad(path, isDNS1123Subdomain);
    if (signer.length > SIGNER_LENGTH) errors.push(tooLong(field, SIGNER_LENGTH));
  }
}

function checkConditions(errors: Errors, field: string, conditions: readonly CertificateSigningRequestCondition[]): void {
  const seen = new Set<string>();
  conditions.forEach(({ type = '', status = '' }, index) => {
    if (type === '') errors.push(required(`${field}[${index}].type`));
    const allowed = TERMINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') errors.push(required(`${field}[${index}].status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${field}[${index}].status`, status, allowed));
    if (DECISIONS.includes(type) && DECISIONS.some((other) => other !== type && seen.has(other)))
      errors.push(invalid(field, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(duplicate(`${field}[${index}].type`, type));
    seen.add(type);
  });
}

const BLOCK = /-----BEGIN ([^-]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** What is wrong with certificates in PEM, if anything. */
function certificateMessage(base64: string): string | undefined {
  let count = 0;
  for (const [whole, type, body] of Buffer.from(base64, 'base64').toString('latin1').matchAll(BLOCK)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body!.includes(':')) return 'no PEM block headers are permitted';
    try {
      void new X509Certificate(whole).serialNumber;
    } catch (error) {
      return `x509: ${error instanceof Error ? error.message : String(error)}`;
    }
    count++;
  }
  return count === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}

function check({ spec, status }: CertificateSigningRequest, oldCertificate: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { usages = [], signerName = '', expirationSeconds }: Partial<CertificateSigningRequest['spec']> = spec ?? {};
  // bytes that were not given are stored as null
  const request = spec?.request ?? '';
  try {
    parseCertificateRequest(request);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    errors.push(invalid('spec.request', request, error.message));
  }
  if (usages.length === 0) errors.push(required('spec.usages'));
  usages.forEach((usage, index) => {
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, USAGES));
  });
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  });
  checkSigner(errors, 'spec.signerName', signerName);
  if (expirationSeconds !== undefined && expirationSeconds < SHORTEST_S)
    errors.push(invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  checkConditions(errors, 'status.conditions', status?.conditions ?? []);
  if (status?.certificate && status.certificate !== oldCertificate) {
    const message = certificateMessage(status.certificate);
    if (message !== undefined) errors.push(invalid('status.certificate', '<certificate data>', message));
  }
  return errors;
}

const conditionsOf = (status: CertificateSigningRequestStatus | undefined, type: string): readonly CertificateSigningRequestCondition[] =>
  (status?.conditions ?? []).filter((condition) => condition.type === type);

function checkUpdate(now: CertificateSigningRequest, old: CertificateSigningRequest, may: { readonly decide: boolean; readonly sign: boolean }): FieldError[] {
  const errors = check(now, old.status?.certificate);
  const field = 'status.conditions';
  for (const type of TERMINAL)
    if (conditionsOf(now.status, type).length < conditionsOf(old.status, type).length)
      errors.push(forbidden(field, `updates may not remove a condition of type ${JSON.stringify(type)}`));
  if (!may.decide)
    for (const type of DECISIONS) {
      const [before, after] = [conditionsOf(old.status, type), conditionsOf(now.status, type)];
      if (after.length > before.length) errors.push(forbidden(field, `updates may not add a condition of type ${JSON.stringify(type)}`));
      else if (after.length === before.length && !semanticEqual(before, after))
        errors.push(forbidden(field, `updates may not modify a condition of type ${JSON.stringify(type)}\n${difference(before, after)}`));
    }
  const [before = '', after = ''] = [old.status?.certificate, now.status?.certificate];
  if (before !== after) {
    if (!may.sign) errors.push(forbidden('status.certificate', 'updates may not set certificate content'));
    else if (before !== '') errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  }
  return errors;
}

/** Times that the client left out: the moment, or what they were while the status stands. */
function fillTimes({ status }: CertificateSigningRequest, old: CertificateSigningRequest, { clock }: KindContext): void {
  const time = timestamp(clock.now());
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    condition.lastTransitionTime ??=
      (old.status?.conditions ?? []).find(({ type, status: was, lastTransitionTime }) => type === condition.type && was === condition.status && lastTransitionTime !== undefined)
        ?.lastTransitionTime ?? time;
  }
}

/** Denied before approved, then failed, then issued. */
function stateOf(status: CertificateSigningRequestStatus | undefined): string {
  const has = (type: string): boolean => conditionsOf(status, type).length > 0;
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

export const certificateSigningRequest = behaviour<CertificateSigningRequest>({
  // any name that a path can hold
  nameRule: 'pathSegment',
  resetFields: [['spec'], ['status']],
  prepareForCreate({ spec }, { user }) {
    if (spec === undefined) return;
    for (const name of ['username', 'uid', 'groups', 'extra'] as const) delete spec[name];
    spec.username = user.name;
    if (user.uid !== undefined && user.uid !== '') spec.uid = user.uid;
    if (user.groups.length > 0) spec.groups = [...user.groups];
    if (Object.keys(user.extra ?? {}).length > 0) spec.extra = Object.fromEntries(Object.entries(user.extra!).map(([key, values]) => [key, [...values]]));
  },
  prepareForUpdate(now, old) {
    now.spec = old.spec;
  },
  validate: (request) => check(request, request.status?.certificate),
  stored: {
    approval: {
      prepareForUpdate(now, old, context) {
        now.spec = old.spec;
        const certificate = old.status?.certificate;
        now.status = { ...now.status };
        if (certificate === undefined) delete now.status.certificate;
        else now.status.certificate = certificate;
        fillTimes(now, old, context);
      },
      validateUpdate: (now, old) => checkUpdate(now, old, { decide: true, sign: false }),
      resetFields: [['spec'], ['status', 'certificate']],
    },
    status: {
      prepareForUpdate(now, old, context) {
        now.spec = old.spec;
        for (const type of DECISIONS) {
          const kept = conditionsOf(old.status, type);
          if (kept.length !== conditionsOf(now.status, type).length) continue;
          let at = 0;
          now.status!.conditions = (now.status?.conditions ?? []).map((condition) => (condition.type === type ? kept[at++]! : condition));
        }
        fillTimes(now, old, context);
      },
      validateUpdate: (now, old) => checkUpdate(now, old, { decide: false, sign: true }),
      resetFields: [['spec'], ['status', 'conditions']],
    },
  },
  fields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  columns: [
    AGE,
    text('SignerName', 'Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`.'),
    text('Requestor', 'Base64-encoded PKCS#10 CSR data'),
    text('RequestedDuration', 'expirationSeconds is the requested duration of validity of the issued certificate.'),
    text('Condition', 'Conditions applied to the request, such as approval or denial.'),
  ],
  row: ({ metadata, spec, status }, now) => ({
    cells: [
      age(metadata.creationTimestamp, now),
      spec.signerName || '<none>',
      spec.username ?? '',
      spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
      stateOf(status),
    ],
  }),
});
