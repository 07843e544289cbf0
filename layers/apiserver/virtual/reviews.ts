/** The review APIs: questions about who somebody is and what they may do, answered in the same object and stored nowhere. */
import type { KubeObject } from '#machinery/object.ts';
import { invalid, type FieldError } from '#machinery/field-error.ts';
import { ApiError, badRequest, invalidObject } from '#machinery/status.ts';
import type { User } from '../authn/port.ts';
import type { ServiceAccountTokens } from '../authn/service-accounts.ts';
import type { AuthorizationAttributes, Authorizer } from '../authz/port.ts';
import type { RbacState } from '../authz/rbac/state.ts';
import type { VirtualHandler } from './port.ts';

const AUTHN = 'authentication.k8s.io';
const AUTHZ = 'authorization.k8s.io';

interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
}

interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

function attributesOf(user: User, { resourceAttributes: resource, nonResourceAttributes: path }: ReviewSpec): AuthorizationAttributes {
  return {
    user,
    verb: resource?.verb ?? path?.verb ?? '',
    isResource: resource !== undefined,
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: path?.path ?? '',
  };
}

function checkSpec(kind: string, spec: ReviewSpec, ofSubject: boolean): void {
  const errors: FieldError[] = [];
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined)
    errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'cannot be specified in combination with resourceAttributes'));
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined)
    errors.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
  if (ofSubject && (spec.user ?? '') === '' && (spec.groups ?? []).length === 0)
    errors.push(invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
  if (errors.length > 0) throw invalidObject(AUTHZ, kind, '', errors);
}

async function decide(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<object> {
  const decision = await authorizer.authorize(attributes);
  return { allowed: decision.outcome === 'allow', ...(decision.outcome === 'deny' ? { denied: true } : {}), ...(decision.reason === '' ? {} : { reason: decision.reason }) };
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
      checkSpec(kind, spec, !self);
      if (namespaced) {
        if (spec.resourceAttributes === undefined)
          throw invalidObject(AUTHZ, kind, '', [invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request')]);
        if ((spec.resourceAttributes.namespace ?? '') !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
      }
      const subject: User = self
        ? user
        : { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid === undefined ? {} : { uid: spec.uid }), ...(spec.extra === undefined ? {} : { extra: spec.extra }) };
      return { object: { ...object, status: await decide(authorizer, attributesOf(subject, spec)) } };
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
