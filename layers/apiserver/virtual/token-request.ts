/** `serviceaccounts/token`: a token for an account, bound to the life of a pod, node or secret where asked (authentication.k8s.io/v1). */
import type { Pod } from '#kinds/generated/types.ts';
import { invalid } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, conflict, invalidObject, notFound } from '#machinery/status.ts';
import { read } from '../admission/read.ts';
import { timestamp } from '../context.ts';
import type { TokenKeys } from '../authn/service-account-tokens.ts';
import type { VirtualHandler } from './port.ts';

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;
/** Tokens of pods that ask for an hour and a bit live a year underneath, so that a client that reads its file but once still works (KEP-1205). */
const POD_TOKEN_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

interface TokenSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string };
}

const BOUND: Readonly<Record<string, { readonly resource: string; readonly claim: 'pod' | 'secret' | 'node'; readonly namespaced: boolean }>> = {
  Pod: { resource: 'pods', claim: 'pod', namespaced: true },
  Secret: { resource: 'secrets', claim: 'secret', namespaced: true },
  Node: { resource: 'nodes', claim: 'node', namespaced: false },
};

export function tokenRequest(keys: TokenKeys, apiAudiences: readonly string[]): VirtualHandler {
  return {
    group: '',
    version: 'v1',
    resource: 'serviceaccounts',
    subresource: 'token',
    namespaced: true,
    body: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    async create({ object, namespace, name, services, dryRun }) {
      const { store, clock, ids } = services;
      const spec = (object as { spec?: TokenSpec }).spec ?? {};
      const account = await read<KubeObject>(store, 'serviceaccounts', namespace, name);
      if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
      const seconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
      if (seconds < MIN_SECONDS)
        throw invalidObject('authentication.k8s.io', 'TokenRequest', '', [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')]);
      if (seconds > MAX_SECONDS)
        throw invalidObject('authentication.k8s.io', 'TokenRequest', '', [invalid('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds')]);
      const audiences = (spec.audiences ?? []).length > 0 ? spec.audiences! : apiAudiences;
      const bound: Record<string, { name: string; uid: string }> = {};
      const reference = spec.boundObjectRef;
      if (reference !== undefined && reference !== null) {
        const kind = BOUND[reference.kind ?? ''];
        if (kind === undefined || (reference.apiVersion ?? 'v1') !== 'v1') throw badRequest(`cannot bind token to object of type ${reference.apiVersion}, Kind=${reference.kind}`);
        const ref = { group: '', resource: kind.resource };
        const found = await read<Pod>(store, kind.resource, kind.namespaced ? namespace : '', reference.name ?? '');
        if (found === undefined) throw notFound(ref, reference.name ?? '');
        if (reference.uid && reference.uid !== found.metadata.uid)
          throw conflict(
            ref,
            reference.name ?? '',
            `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
          );
        if (kind.claim === 'pod' && (found.spec?.serviceAccountName ?? '') !== name)
          throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(name)} to pod running with different serviceaccount name.`);
        bound[kind.claim] = { name: found.metadata.name!, uid: found.metadata.uid! };
        if (kind.claim === 'pod' && found.spec?.nodeName) {
          const node = await store.get({ resource: 'nodes', namespace: '', name: found.spec.nodeName }, 'any');
          bound['node'] = { name: found.spec.nodeName, uid: node?.uid ?? '' };
        }
      }
      const now = Math.floor(clock.now() / 1000);
      const extend = seconds === POD_TOKEN_SECONDS && bound['pod'] !== undefined && audiences.every((audience) => apiAudiences.includes(audience));
      const expires = now + (extend ? EXTENDED_SECONDS : seconds);
      const token = keys.sign({
        sub: `system:serviceaccount:${namespace}:${name}`,
        aud: audiences,
        exp: expires,
        iat: now,
        nbf: now,
        jti: ids.uid(),
        'kubernetes.io': { namespace, serviceaccount: { name, uid: account.metadata.uid! }, ...bound, ...(extend ? { warnafter: now + seconds } : {}) },
      });
      return {
        object: {
          ...object,
          metadata: { ...object.metadata, name, namespace, creationTimestamp: timestamp(clock.now()) },
          spec: { ...spec, audiences, expirationSeconds: seconds },
          status: { token: dryRun ? '' : token, expirationTimestamp: timestamp((now + seconds) * 1000) },
        } as KubeObject,
      };
    },
  };
}
