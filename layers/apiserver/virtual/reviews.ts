/** The review APIs: questions about who somebody is and what they may do, answered in the same object and stored nowhere. */
import type { KubeObject } from '#machinery/object.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { ApiError, badRequest, invalidObject } from '#machinery/status.ts';
import type { User } from '../authn/port.ts';
import type { ServiceAccountTokens } from '../authn/service-accounts.ts';
import type { AuthorizationAttributes, Authorizer } from '../authz/port.ts';
import { type SelectorAttributes, type Selectors, selectorsOfReview } from '../authz/selectors.ts';
import type { RbacState } from '../authz/rbac/state.ts';
import type { VirtualHandler } from './port.ts';

const AUTHN = 'authentication.k8s.io';
const AUTHZ = 'authorization.k8s.io';
const ATTRIBUTES = 'spec.resourceAttributes';

interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly fieldSelector?: SelectorAttributes;
  readonly labelSelector?: SelectorAttributes;
}

interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

function attributesOf(user: User, { resourceAttributes: resource, nonResourceAttributes: path }: ReviewSpec, selectors: Selectors): AuthorizationAttributes {
  return {
    user,
    verb: resource?.verb ?? path?.verb ?? '',
    isResource: resource !== undefined,
    group: resource?.group ?? '',
    // no version means any
    version: resource === undefined ? '' : resource.version || '*',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: path?.path ?? '',
    ...selectors,
  };
}

function selectorErrors({ rawSelector = '', requirements = [] }: SelectorAttributes, field: string, ofLabels: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) errors.push(invalid(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  if (rawSelector === '' && requirements.length === 0) errors.push(required(`${field}.requirements`, `when ${field} is specified, requirements or rawSelector is required`));
  for (const [index, { key = '', operator, values = [] }] of requirements.entries()) {
    const at = `${field}.requirements[${index}]`;
    if (ofLabels) for (const detail of isQualifiedName(key)) errors.push(invalid(`${at}.key`, key, detail));
    else if (key === '') errors.push(required(`${at}.key`, 'must be specified'));
    // operators of later versions only narrow less
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  return errors;
}

function checkReview(kind: string, { metadata, spec }: { readonly metadata: object; readonly spec: ReviewSpec }, ofSubject: boolean, namespace: string): void {
  const errors: FieldError[] = [];
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined)
    errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'cannot be specified in combination with resourceAttributes'));
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined)
    errors.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
  if (ofSubject && (spec.user ?? '') === '' && (spec.groups ?? []).length === 0)
    errors.push(invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
  const { fieldSelector, labelSelector, namespace: asked = '' } = spec.resourceAttributes ?? {};
  if (fieldSelector !== undefined) errors.push(...selectorErrors(fieldSelector, `${ATTRIBUTES}.fieldSelector`, false));
  if (labelSelector !== undefined) errors.push(...selectorErrors(labelSelector, `${ATTRIBUTES}.labelSelector`, true));
  const given = Object.entries(metadata).filter(
    ([name, value]) => name !== 'managedFields' && value !== undefined && value !== null && value !== '' && (namespace === '' || name !== 'namespace'),
  );
  if (given.length > 0) errors.push(invalid('metadata', metadata, namespace === '' ? 'must be empty' : 'must be empty except for namespace'));
  if (namespace !== '') {
    if (spec.resourceAttributes !== undefined && asked !== namespace) errors.push(invalid(`${ATTRIBUTES}.namespace`, asked, 'must match metadata.namespace'));
    if (spec.nonResourceAttributes !== undefined) errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
  }
  if (errors.length > 0) throw invalidObject(AUTHZ, kind, '', errors);
}

async function decide(authorizer: Authorizer, attributes: AuthorizationAttributes, errors: readonly string[]): Promise<object> {
  const decision = await authorizer.authorize(attributes);
  return {
    allowed: decision.outcome === 'allow',
    ...(decision.outcome === 'deny' ? { denied: true } : {}),
    ...(decision.reason === '' ? {} : { reason: decision.reason }),
    ...(errors.length === 0 ? {} : { evaluationError: errors.join('; ') }),
  };
}

function accessReview(kind: string, resource: string, namespaced: boolean, authorizer: Authorizer): VirtualHandler {
  const self = kind === 'SelfSubjectAccessReview';
  return {
    group: AUTHZ,
    version: 'v1',
    resource,
    subresource: '',
    namespaced,
    body: { group: AUTHZ, version: 'v1', kind },
    async create({ object, user, namespace }) {
      const spec = ((object as { spec?: ReviewSpec }).spec ?? {}) as ReviewSpec;
      checkReview(kind, { metadata: object.metadata ?? {}, spec }, !self, namespaced ? namespace : '');
      const subject: User = self
        ? user
        : { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid === undefined ? {} : { uid: spec.uid }), ...(spec.extra === undefined ? {} : { extra: spec.extra }) };
      const { errors, ...selectors } = selectorsOfReview(spec.resourceAttributes ?? {}, ATTRIBUTES);
      return { object: { ...object, status: await decide(authorizer, attributesOf(subject, spec, selectors), errors) } };
    },
  };
}

function rulesReview(rbac: RbacState): VirtualHandler {
  return {
    group: AUTHZ,
    version: 'v1',
    resource: 'selfsubjectrulesreviews',
    subresource: '',
    namespaced: false,
    body: { group: AUTHZ, version: 'v1', kind: 'SelfSubjectRulesReview' },
    async create({ object, user }) {
      const namespace = (object as { spec?: { namespace?: string } }).spec?.namespace ?? '';
      if (namespace === '') throw badRequest('no namespace on request');
      const rules = rbac.grants(user, namespace).flatMap((grant) => grant.rules);
      return {
        object: {
          ...object,
          status: {
            resourceRules: rules
              .filter((rule) => (rule.resources ?? []).length > 0)
              .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames === undefined ? {} : { resourceNames }) })),
            nonResourceRules: rules.filter((rule) => (rule.nonResourceURLs ?? []).length > 0).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
            incomplete: false,
          },
        },
      };
    },
  };
}

const userInfo = ({ name, uid, groups, extra }: User): object => ({ username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) });

const selfSubjectReview: VirtualHandler = {
  group: AUTHN,
  version: 'v1',
  resource: 'selfsubjectreviews',
  subresource: '',
  namespaced: false,
  body: { group: AUTHN, version: 'v1', kind: 'SelfSubjectReview' },
  create: async ({ object, user }) => ({ object: { ...object, status: { userInfo: userInfo(user) } } as KubeObject }),
};

function tokenReview(tokens: ServiceAccountTokens, others: (token: string) => Promise<User | undefined>, apiAudiences: readonly string[]): VirtualHandler {
  return {
    group: AUTHN,
    version: 'v1',
    resource: 'tokenreviews',
    subresource: '',
    namespaced: false,
    body: { group: AUTHN, version: 'v1', kind: 'TokenReview' },
    async create({ object }) {
      const spec = (object as { spec?: { token?: string; audiences?: readonly string[] } }).spec ?? {};
      if ((spec.token ?? '') === '') throw badRequest('token is required for TokenReview in authentication');
      const audiences = (spec.audiences ?? []).length > 0 ? spec.audiences! : apiAudiences;
      try {
        const checked = await tokens.check(spec.token!, audiences);
        const user = checked?.user ?? (await others(spec.token!));
        if (user === undefined) return { object: { ...object, status: { user: {}, error: 'invalid bearer token' } } };
        return {
          object: {
            ...object,
            status: {
              authenticated: true,
              user: userInfo(user),
              audiences: checked === undefined ? apiAudiences : audiences.filter((audience) => checked.claims.aud.includes(audience)),
            },
          },
        };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { object: { ...object, status: { user: {}, error: error.message } } };
      }
    },
  };
}

export interface ReviewOptions {
  readonly authorizer: Authorizer;
  readonly rbac: RbacState;
  readonly tokens: ServiceAccountTokens;
  /** Who a token that is no service account's belongs to. */
  readonly otherTokens: (token: string) => Promise<User | undefined>;
  readonly apiAudiences: readonly string[];
}

export function reviewHandlers({ authorizer, rbac, tokens, otherTokens, apiAudiences }: ReviewOptions): readonly VirtualHandler[] {
  return [
    accessReview('SubjectAccessReview', 'subjectaccessreviews', false, authorizer),
    accessReview('LocalSubjectAccessReview', 'localsubjectaccessreviews', true, authorizer),
    accessReview('SelfSubjectAccessReview', 'selfsubjectaccessreviews', false, authorizer),
    rulesReview(rbac),
    selfSubjectReview,
    tokenReview(tokens, otherTokens, apiAudiences),
  ];
}
