/** May they. Authorizers are asked in order; the first that allows or denies decides, and no opinion at all means no. */
import type { FieldSelector } from '#machinery/fields.ts';
import type { LabelRequirement } from '#machinery/labels.ts';
import type { User } from '../authn/port.ts';

/** What a request wants (authorization.k8s.io ResourceAttributes and NonResourceAttributes). */
export interface AuthorizationAttributes {
  readonly user: User;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Non-resource requests only. */
  readonly path: string;
  /** What the request is narrowed to; parts that could not be read are left out. */
  readonly fieldSelector?: FieldSelector;
  readonly labelSelector?: readonly LabelRequirement[];
}

export interface Decision {
  readonly outcome: 'allow' | 'deny' | 'none';
  readonly reason: string;
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Promise<Decision> | Decision;
}
