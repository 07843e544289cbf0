import { AUTHENTICATED_GROUP, type Authenticator, type User } from './port.ts';

/** Subjects seen lately: one object per certificate keeps what is derived from a user cacheable by identity. */
const REMEMBERED = 1000;

/** X.509 client certificates that the door verified against the cluster's CA: CN is the user, each O a group. */
export function clientCertificates(): Authenticator {
  const users = new Map<string, User>();
  return {
    async authenticate({ clientCertificate }) {
      if (clientCertificate === undefined || clientCertificate.commonName === '') return undefined;
      let user = users.get(clientCertificate.fingerprint);
      if (user === undefined) {
        if (users.size >= REMEMBERED) users.clear();
        user = {
          name: clientCertificate.commonName,
          groups: [...clientCertificate.organizations, AUTHENTICATED_GROUP],
          extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${clientCertificate.fingerprint.replaceAll(':', '').toLowerCase()}`] },
        };
        users.set(clientCertificate.fingerprint, user);
      }
      return user;
    },
  };
}
