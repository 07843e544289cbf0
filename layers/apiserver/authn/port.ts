/** Who asks. An Authenticator looks at the credentials of a request; the API server refuses with 401 what none of them knows. */
import type { ApiRequest } from '../door.ts';

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
export const AUTHENTICATED_GROUP = 'system:authenticated';

export interface Authenticator {
  /**
   * The user, or `undefined` where the request carries no credential this authenticator reads.
   * @throws ApiError 401 for a credential that it reads and refuses
   */
  authenticate(request: ApiRequest): Promise<User | undefined>;
}
