/** Authenticators and the audit log of a local control plane, as its options ask for them. */
import { auditor, type Auditor } from '#apiserver/audit/auditor.ts';
import { readPolicy } from '#apiserver/audit/policy.ts';
import { bootstrapTokens } from '#apiserver/authn/bootstrap-tokens.ts';
import type { Authenticator } from '#apiserver/authn/port.ts';
import { parseTokenFile, staticTokens } from '#apiserver/authn/static-tokens.ts';
import type { Clock } from '#machinery/clock.ts';
import { parseYaml } from '#machinery/yaml-text.ts';
import type { Store } from '#store/port.ts';
import { readFileSync } from 'node:fs';
import { auditLog } from './audit-log.ts';
import type { AccessOptions } from './options.ts';

const read = (file: string): string => readFileSync(file, 'utf8');

/** ID tokens; the library that reads them is loaded only where they are asked for. */
async function oidc(
  { oidcIssuerUrl, oidcClientId, oidcUsernameClaim, oidcUsernamePrefix, oidcGroupsClaim, oidcGroupsPrefix, oidcCaFile }: AccessOptions,
  clock: Clock,
): Promise<readonly Authenticator[]> {
  if (oidcIssuerUrl === undefined || oidcClientId === undefined) return [];
  const { oidcTokens } = await import('#apiserver/authn/oidc.ts');
  const options = {
    issuerUrl: oidcIssuerUrl,
    clientId: oidcClientId,
    ...(oidcUsernameClaim === undefined ? {} : { usernameClaim: oidcUsernameClaim }),
    ...(oidcUsernamePrefix === undefined ? {} : { usernamePrefix: oidcUsernamePrefix }),
    ...(oidcGroupsClaim === undefined ? {} : { groupsClaim: oidcGroupsClaim }),
    ...(oidcGroupsPrefix === undefined ? {} : { groupsPrefix: oidcGroupsPrefix }),
    ...(oidcCaFile === undefined ? {} : { caPem: read(oidcCaFile) }),
  };
  return [oidcTokens(options, clock)];
}

/** Those besides certificates and service account tokens, in order. */
export async function tokenAuthenticators(options: AccessOptions, store: Store, clock: Clock): Promise<readonly Authenticator[]> {
  const { tokenAuthFile } = options;
  return [...(tokenAuthFile === undefined ? [] : [staticTokens(parseTokenFile(read(tokenAuthFile)))]), bootstrapTokens(store, clock), ...(await oidc(options, clock))];
}

export interface OpenAudit {
  readonly auditor: Auditor;
  close(): Promise<void>;
}

/** @throws Error where the policy cannot be read: nothing must go unnoted that was to be noted */
export function openAudit({ auditPolicyFile, auditLogPath }: AccessOptions, otherwise: string, clock: Clock, onError: (error: unknown) => void): OpenAudit | undefined {
  if (auditPolicyFile === undefined) return undefined;
  const policy = readPolicy(parseYaml(read(auditPolicyFile)));
  const log = auditLog(auditLogPath ?? otherwise, onError);
  return { auditor: auditor(policy, log.write, clock), close: log.close };
}
