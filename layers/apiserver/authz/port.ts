/** May they. Authorizers are asked in order; the first that allows or denies decides, and no opinion at all means no. */
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
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface Decision {
  readonly outcome: 'allow' | 'deny' | 'none';
  readonly reason: string;
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Promise<Decision> | Decision;
}
