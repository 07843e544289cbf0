/** Whether the user may: the authorizer's answer, or 403 in Kubernetes' words. */
import { type ApiError, forbiddenPath, forbiddenRequest } from '#machinery/status.ts';
import type { User } from '../authn/port.ts';
import type { AuthorizationAttributes, Decision } from '../authz/port.ts';
import { selectorsOfQuery } from '../authz/selectors.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';

const NARROWED: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

export function attributesOf(user: User, info: RequestInfo, query = ''): AuthorizationAttributes {
  return {
    user,
    verb: info.verb,
    isResource: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.isResource ? '' : info.path,
    ...(NARROWED.has(info.verb) ? selectorsOfQuery(query) : {}),
  };
}

/** `User "u" cannot get resource "pods" ...`, with the authorizer's reason behind it. */
export function explain({ user, verb, isResource, path, resource, subresource, group, namespace }: AuthorizationAttributes, reason: string): string {
  const text = !isResource
    ? `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`
    : `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`)} in API group ${JSON.stringify(group)} ${
        namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
      }`;
  return reason === '' ? text : `${text}: ${reason}`;
}

export function refusal(attributes: AuthorizationAttributes, reason: string): ApiError {
  const why = explain(attributes, reason);
  return attributes.isResource ? forbiddenRequest({ group: attributes.group, resource: attributes.resource }, attributes.name, why) : forbiddenPath(why);
}

/** @param notes for the audit record @throws ApiError 403 */
export async function authorize(services: Services, attributes: AuthorizationAttributes, notes?: Record<string, string>): Promise<void> {
  const answer = services.authorizer.authorize(attributes);
  const decision: Decision = answer instanceof Promise ? await answer : answer;
  if (notes !== undefined) {
    notes['authorization.k8s.io/decision'] = decision.outcome === 'allow' ? 'allow' : 'forbid';
    notes['authorization.k8s.io/reason'] = decision.reason;
  }
  if (decision.outcome === 'allow') return;
  throw refusal(attributes, decision.reason);
}
