import type { Authorizer } from './port.ts';

/** Members of system:masters may do everything: they hold a certificate that no role can take away. */
export const systemMasters: Authorizer = {
  authorize: ({ user }) => (user.groups.includes('system:masters') ? { outcome: 'allow', reason: 'system:masters' } : { outcome: 'none', reason: '' }),
};
