/** Static tokens, as in kube-apiserver's `--token-auth-file`: lines of `token,user,uid[,"group1,group2"]`. */
import { createHash } from 'node:crypto';
import { bearerToken } from './bearer.ts';
import { AUTHENTICATED_GROUP, type Authenticator, type User } from './port.ts';

/** Tokens are found by their hash, so that comparing takes the same time whatever was sent. */
const hash = (token: string): string => createHash('sha256').update(token).digest('base64');

export function parseTokenFile(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /^([^,]+),([^,]+),([^,]*)(?:,(?:"([^"]*)"|([^,]*)))?$/.exec(line.trim());
    if (match === null) throw new Error('a line of the token file is not token,user,uid[,"groups"]');
    const [, token, name, uid, quoted, plain] = match;
    const groups = (quoted ?? plain ?? '')
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
    users.set(hash(token!.trim()), { name: name!.trim(), ...(uid === '' ? {} : { uid: uid!.trim() }), groups: [...groups, AUTHENTICATED_GROUP] });
  }
  return users;
}

export function staticTokens(users: ReadonlyMap<string, User>): Authenticator {
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      return token === undefined ? undefined : users.get(hash(token));
    },
  };
}
