import type { Authenticator, User } from './port.ts';

/** Asks one after the other; the first that knows the caller answers. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(request) {
      for (const authenticator of authenticators) {
        const user: User | undefined = await authenticator.authenticate(request);
        if (user !== undefined) return user;
      }
      return undefined;
    },
  };
}
