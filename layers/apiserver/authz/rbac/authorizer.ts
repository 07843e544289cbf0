import type { Authorizer, Decision } from '../port.ts';
import type { RbacState } from './state.ts';
import { allowsPath, allowsResource } from './rules.ts';

const NO_OPINION: Decision = { outcome: 'none', reason: '' };

/** RBAC: allows what a bound role allows, and never denies. */
export function rbacAuthorizer(state: RbacState): Authorizer {
  return {
    authorize(attributes) {
      const { user, verb, isResource, group, subresource, namespace, name, path } = attributes;
      const request = { verb, group, resource: subresource === '' ? attributes.resource : `${attributes.resource}/${subresource}`, name };
      for (const { binding, rules } of state.grants(user, isResource ? namespace : '')) {
        for (const rule of rules) {
          if (isResource ? allowsResource(rule, request) : allowsPath(rule, verb, path)) return { outcome: 'allow', reason: `RBAC: allowed by ${binding}` };
        }
      }
      return NO_OPINION;
    },
  };
}
