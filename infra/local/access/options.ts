/** Options of `npm start` about who comes in and what is noted of it, named as kube-apiserver names them. */
import { resolve } from 'node:path';

export interface AccessOptions {
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcCaFile?: string;
  readonly tokenAuthFile?: string;
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
}

interface Flag {
  readonly flag: string;
  readonly value: string;
  readonly help: string;
  readonly isPath?: true;
}

const FLAGS: Readonly<Record<keyof AccessOptions, Flag>> = {
  oidcIssuerUrl: { flag: 'oidc-issuer-url', value: 'URL', help: 'take ID tokens of this OpenID Connect provider' },
  oidcClientId: { flag: 'oidc-client-id', value: 'ID', help: 'the audience that they must be for' },
  oidcUsernameClaim: { flag: 'oidc-username-claim', value: 'CLAIM', help: 'where the user is named (sub)' },
  oidcUsernamePrefix: { flag: 'oidc-username-prefix', value: 'TEXT', help: 'set before it; "-" for nothing (the issuer and "#")' },
  oidcGroupsClaim: { flag: 'oidc-groups-claim', value: 'CLAIM', help: "where the user's groups are" },
  oidcGroupsPrefix: { flag: 'oidc-groups-prefix', value: 'TEXT', help: 'set before each of them' },
  oidcCaFile: { flag: 'oidc-ca-file', value: 'FILE', help: "PEM that signed the provider's certificate" },
  tokenAuthFile: { flag: 'token-auth-file', value: 'FILE', help: 'static tokens: lines of token,user,uid,"groups"' },
  auditPolicyFile: { flag: 'audit-policy-file', value: 'FILE', help: 'keep an audit log of what this policy says' },
  auditLogPath: { flag: 'audit-log-path', value: 'FILE', help: 'where it is written (audit.log in the data folder)' },
};
const ENTRIES = Object.entries(FLAGS) as readonly (readonly [keyof AccessOptions, Flag])[];

export const ACCESS_FLAGS: Readonly<Record<string, { readonly type: 'string' }>> = Object.fromEntries(ENTRIES.map(([, { flag }]) => [flag, { type: 'string' }]));
export const ACCESS_USAGE = ENTRIES.map(([, { flag, value, help }]) => `  ${`--${flag} ${value}`.padEnd(30)}${help}`).join('\n');

/** `undefined` where none was given: a cluster keeps those it had. @returns what is wrong as text */
export function accessOptions(values: Readonly<Record<string, string | boolean | undefined>>, env: NodeJS.ProcessEnv): AccessOptions | string | undefined {
  const found: Partial<Record<keyof AccessOptions, string>> = {};
  for (const [name, { flag, isPath }] of ENTRIES) {
    const value = values[flag];
    if (typeof value === 'string') found[name] = isPath === true || flag.endsWith('-file') || flag.endsWith('-path') ? resolve(env['INIT_CWD'] ?? '.', value) : value;
  }
  if (Object.keys(found).length === 0) return undefined;
  if (found.oidcIssuerUrl !== undefined && !found.oidcIssuerUrl.startsWith('https://')) return '--oidc-issuer-url takes an https:// URL';
  if ((found.oidcIssuerUrl === undefined) !== (found.oidcClientId === undefined)) return '--oidc-issuer-url and --oidc-client-id belong together';
  if (found.auditLogPath !== undefined && found.auditPolicyFile === undefined) return '--audit-log-path needs an --audit-policy-file';
  return found;
}
