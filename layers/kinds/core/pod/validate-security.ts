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

const WINDOWS_NAME = /^[^"/\\[\]:;|=,+*?<>]+$/;

function checkWindows(errors: Errors, field: string, options: WindowsSecurityContextOptions | undefined): void {
  if (options === undefined) return;
  if (options.gmsaCredentialSpecName !== undefined)
    checkText(errors, `${field}.gmsaCredentialSpecName`, options.gmsaCredentialSpecName, isDNS1123Subdomain(options.gmsaCredentialSpecName));
  if (options.gmsaCredentialSpec !== undefined) {
    if (options.gmsaCredentialSpec === '') errors.push(invalid(`${field}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string'));
    // a size that no real specification reaches
    else if (options.gmsaCredentialSpec.length > 64 * 1024)
      errors.push(invalid(`${field}.gmsaCredentialSpec`, options.gmsaCredentialSpec, 'gmsaCredentialSpec size must be under 64 KiB'));
  }
  const user = options.runAsUserName;
  if (user === undefined) return;
  const at = `${field}.runAsUserName`;
  if (user === '') errors.push(invalid(at, user, 'runAsUserName cannot be an empty string'));
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(user)) errors.push(invalid(at, user, 'runAsUserName cannot contain control characters'));
  const parts = user.split('\\');
  if (parts.length > 2) errors.push(invalid(at, user, 'runAsUserName cannot contain more than one backslash'));
  const [domain, name] = parts.length > 1 ? [parts[0]!, parts[1]!] : ['', parts[0]!];
  if (parts.length > 1 && (domain.length > 255 || !/^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,254}$/.test(domain)))
    errors.push(invalid(at, user, "runAsUserName's Domain doesn't match the NetBIOS nor the DNS format"));
  if (user !== '' && name === '') errors.push(invalid(at, user, "runAsUserName's User cannot be empty"));
  if (name.length > 104) errors.push(invalid(at, user, "runAsUserName's User length must not be longer than 104 characters"));
  if (name !== '' && /^[. ]+$/.test(name)) errors.push(invalid(at, user, "runAsUserName's User cannot contain only periods or spaces"));
  if (name !== '' && !WINDOWS_NAME.test(name)) errors.push(invalid(at, user, String.raw`runAsUserName's User cannot contain the following characters: ["/\:;|=,+*?<>@[]`));
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
