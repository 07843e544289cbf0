/** Security contexts of pods and containers. */
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, WindowsSecurityContextOptions } from '#kinds/generated/types.ts';
import { duplicate, forbidden, invalid, notSupported, required, tooLong } from '#machinery/field-error.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { type Errors, checkMaybeOneOf, checkOneOf, checkText } from '../../shared/check.ts';
import { checkDescendingPath } from './validate-paths.ts';

const MAX_ID = 2_147_483_647;
const ID_MESSAGE = `must be between 0 and ${MAX_ID}, inclusive`;
/** PATH_MAX - 1 */
const PROFILE_LENGTH = 4095;
const PROFILE_TYPES: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_PATTERN = `^(${SYSCTL}[\\./])*${SYSCTL}$`;
const SYSCTL_LENGTH = 253;

export function checkId(errors: Errors, field: string, id: number | undefined): void {
  if (id !== undefined && (id < 0 || id > MAX_ID)) errors.push(invalid(field, id, ID_MESSAGE));
}

function checkSeccomp(errors: Errors, field: string, profile: SeccompProfile | undefined): void {
  if (profile === undefined) return;
  checkOneOf(errors, `${field}.type`, profile.type, PROFILE_TYPES, 'type is required when seccompProfile is set');
  if (profile.type === 'Localhost') {
    if (profile.localhostProfile === undefined) errors.push(required(`${field}.localhostProfile`, 'must be set when seccomp type is Localhost'));
    else checkDescendingPath(errors, `${field}.localhostProfile`, profile.localhostProfile);
  } else if (profile.localhostProfile !== undefined) errors.push(invalid(`${field}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost'));
}

function checkAppArmor(errors: Errors, field: string, profile: AppArmorProfile | undefined): void {
  if (profile === undefined) return;
  const { type, localhostProfile: name } = profile;
  const at = `${field}.localhostProfile`;
  if (type === 'Localhost') {
    if (name === undefined) errors.push(required(at, 'must be set when AppArmor type is Localhost'));
    else {
      if (name.trim() !== name) errors.push(invalid(at, name, 'must not be padded with whitespace'));
      else if (name === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'));
      if (name.length > PROFILE_LENGTH) errors.push(tooLong(at, PROFILE_LENGTH));
    }
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (name !== undefined) errors.push(invalid(at, name, 'can only be set when AppArmor type is Localhost'));
  } else checkOneOf(errors, `${field}.type`, type, PROFILE_TYPES, 'type is required when appArmorProfile is set');
}

/** Which namespace of the kernel a sysctl belongs to. */
const inNetwork = (name: string): boolean => name.replaceAll('/', '.').startsWith('net.');
const inIpc = (name: string): boolean => /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(name.replaceAll('/', '.')) || name === 'kernel.sem';

function checkSysctls(errors: Errors, field: string, context: PodSecurityContext, spec: PodSpec): void {
  const seen = new Set<string>();
  (context.sysctls ?? []).forEach(({ name = '' }, index) => {
    const at = `${field}[${index}].name`;
    if (name === '') errors.push(required(at));
    else if (name.length > SYSCTL_LENGTH || !new RegExp(SYSCTL_PATTERN).test(name))
      errors.push(invalid(at, name, `must have at most ${SYSCTL_LENGTH} characters and match regex ${SYSCTL_PATTERN}`));
    else if (seen.has(name)) errors.push(duplicate(at, name));
    if (spec.hostNetwork === true && inNetwork(name)) errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC === true && inIpc(name)) errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    seen.add(name);
  });
}

const DOMAIN_LENGTH = 256;
const USER_LENGTH = 104;
/** As long as a specification may be, in KiB. */
const SPECIFICATION_KIB = 64;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_NAME = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const isControl = (text: string): boolean => [...text].some((char) => char < ' ' || char === '\u007F');

/** `DOMAIN\USER` or `USER`, as Windows takes them. */
function windowsUserErrors(user: string): string[] {
  if (user === '') return ['runAsUserName cannot be an empty string'];
  if (isControl(user)) return ['runAsUserName cannot contain control characters'];
  const parts = user.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const [domain, name] = parts.length === 2 ? [parts[0]!, parts[1]!] : [undefined, parts[0]!];
  const messages: string[] = [];
  if (domain !== undefined && domain.length >= DOMAIN_LENGTH) messages.push(`runAsUserName's Domain length must be under ${DOMAIN_LENGTH} characters`);
  if (domain !== undefined && !NETBIOS.test(domain) && !DNS_NAME.test(domain)) messages.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (name === '') messages.push("runAsUserName's User cannot be empty");
  else if (name.length > USER_LENGTH) messages.push(`runAsUserName's User length must not be longer than ${USER_LENGTH} characters`);
  if (/^[. ]+$/.test(name)) messages.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(name)) messages.push(String.raw`runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]`);
  return messages;
}

function checkWindows(errors: Errors, field: string, options: WindowsSecurityContextOptions | undefined): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: specification, runAsUserName: user } = options;
  if (name !== undefined) checkText(errors, `${field}.gmsaCredentialSpecName`, name, isDNS1123Subdomain(name));
  if (specification === '') errors.push(invalid(`${field}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string'));
  else if (specification !== undefined && specification.length > SPECIFICATION_KIB * 1024)
    errors.push(invalid(`${field}.gmsaCredentialSpec`, specification, `gmsaCredentialSpec size must be under ${SPECIFICATION_KIB} KiB`));
  if (user !== undefined) checkText(errors, `${field}.runAsUserName`, user, windowsUserErrors(user));
}

/** Host processes of Windows: all containers of a pod or none, and on the host's network. */
export function checkHostProcess(errors: Errors, field: string, spec: PodSpec): void {
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  let [count, host] = [0, 0];
  for (const kind of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    (spec[kind] ?? []).forEach(({ securityContext }, index) => {
      count++;
      const own = securityContext?.windowsOptions?.hostProcess;
      if (whole !== undefined && own !== undefined && whole !== own)
        errors.push(
          invalid(`${field}.${kind}[${index}].securityContext.windowsOptions.hostProcess`, own, `pod hostProcess value must be identical if both are specified, was ${whole}`),
        );
      if (own ?? whole ?? false) host++;
    });
  if (host === 0) return;
  if (host !== count) errors.push(invalid(field, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (spec.hostNetwork !== true) errors.push(invalid(`${field}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'));
}

export function checkPodSecurityContext(errors: Errors, field: string, context: PodSecurityContext | undefined, spec: PodSpec): void {
  if (context === undefined) return;
  checkId(errors, `${field}.fsGroup`, context.fsGroup);
  checkId(errors, `${field}.runAsUser`, context.runAsUser);
  checkId(errors, `${field}.runAsGroup`, context.runAsGroup);
  (context.supplementalGroups ?? []).forEach((id, index) => {
    checkId(errors, `${field}.supplementalGroups[${index}]`, id);
  });
  if (context.sysctls !== undefined && context.sysctls.length > 0) checkSysctls(errors, `${field}.sysctls`, context, spec);
  checkMaybeOneOf(errors, `${field}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  checkSeccomp(errors, `${field}.seccompProfile`, context.seccompProfile);
  checkWindows(errors, `${field}.windowsOptions`, context.windowsOptions);
  checkAppArmor(errors, `${field}.appArmorProfile`, context.appArmorProfile);
  checkMaybeOneOf(errors, `${field}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
  checkMaybeOneOf(errors, `${field}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']);
}

export function checkSecurityContext(errors: Errors, field: string, context: SecurityContext | undefined, hostUsers: boolean): void {
  if (context === undefined) return;
  checkId(errors, `${field}.runAsUser`, context.runAsUser);
  checkId(errors, `${field}.runAsGroup`, context.runAsGroup);
  if (context.procMount !== undefined) {
    if (context.procMount !== 'Default' && context.procMount !== 'Unmasked') errors.push(notSupported(`${field}.procMount`, context.procMount, ['Default', 'Unmasked']));
    // an unmasked /proc is only safe inside a user namespace
    if (hostUsers && context.procMount === 'Unmasked') errors.push(invalid(`${field}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  checkSeccomp(errors, `${field}.seccompProfile`, context.seccompProfile);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) errors.push(invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if ((context.capabilities?.add ?? []).includes('CAP_SYS_ADMIN'))
      errors.push(invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
  checkWindows(errors, `${field}.windowsOptions`, context.windowsOptions);
  checkAppArmor(errors, `${field}.appArmorProfile`, context.appArmorProfile);
}

/** What user namespaces exclude. */
export function checkHostUsers(errors: Errors, field: string, spec: PodSpec): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork === true) errors.push(forbidden(`${field}.hostNetwork`, why));
  if (spec.hostPID === true) errors.push(forbidden(`${field}.hostPID`, why));
  if (spec.hostIPC === true) errors.push(forbidden(`${field}.hostIPC`, why));
}
