/** Security contexts to what the runtime is told. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerSpec, ImageState } from '../runtime/port.ts';
import { StartFailure } from './failure.ts';
import { podText, type Container, type Pod, type SecurityProfile } from './pod.ts';

/** `uid`, `uid:gid` or a name, as an image carries it. */
const userPart = (user: string | undefined): string => (user ?? '').split(':')[0] ?? '';

function requireNonRoot(pod: Pod, container: Container, user: number | undefined, image: ImageState): void {
  const wanted = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (wanted !== true) return;
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (user !== undefined) {
    if (user === 0) throw new StartFailure('CreateContainerConfigError', `container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  const name = userPart(image.user);
  if (name === '' || name === '0') throw new StartFailure('CreateContainerConfigError', `container has runAsNonRoot and image will run as root ${where}`);
  if (!/^\d+$/.test(name))
    throw new StartFailure('CreateContainerConfigError', `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`);
}

/** `undefined` is Docker's default profile; a pod that names none runs unconfined, as with a kubelet. */
async function seccomp(profile: SecurityProfile | undefined, profileDir: string): Promise<string | undefined> {
  if (profile === undefined || profile.type === 'Unconfined') return 'unconfined';
  if (profile.type === 'RuntimeDefault') return undefined;
  const file = path.resolve(profileDir, profile.localhostProfile ?? '');
  if (!file.startsWith(`${path.resolve(profileDir)}${path.sep}`))
    throw new StartFailure('CreateContainerConfigError', `seccomp profile ${profile.localhostProfile} is outside the profile directory`);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new StartFailure('CreateContainerError', `cannot load seccomp profile ${JSON.stringify(file)}`, { cause: error });
  }
}

function apparmor(profile: SecurityProfile | undefined): string | undefined {
  if (profile === undefined || profile.type === 'RuntimeDefault') return undefined;
  return profile.type === 'Unconfined' ? 'unconfined' : profile.localhostProfile;
}

export async function securityOf(pod: Pod, container: Container, image: ImageState, profileDir: string): Promise<ContainerSpec['security']> {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const uid = own.runAsUser ?? shared.runAsUser;
  const gid = own.runAsGroup ?? shared.runAsGroup;
  requireNonRoot(pod, container, uid, image);
  const base = uid === undefined ? (gid === undefined ? undefined : userPart(image.user) || '0') : String(uid);
  const groups = new Set([...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])]);
  const seccompProfile = await seccomp(own.privileged === true ? { type: 'Unconfined' } : (own.seccompProfile ?? shared.seccompProfile), profileDir);
  const apparmorProfile = apparmor(own.appArmorProfile ?? shared.appArmorProfile);
  const clean = (names: readonly string[] | undefined): string[] => (names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  return {
    ...(base === undefined ? {} : { user: gid === undefined ? base : `${base}:${gid}` }),
    groups: [...groups].map(String),
    privileged: own.privileged === true,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    capabilitiesAdd: clean(own.capabilities?.add),
    capabilitiesDrop: clean(own.capabilities?.drop),
    ...(seccompProfile === undefined ? {} : { seccomp: seccompProfile }),
    ...(apparmorProfile === undefined ? {} : { apparmor: apparmorProfile }),
    ...(own.procMount === 'Unmasked' ? { maskedPaths: [], readonlyPaths: [] } : {}),
  };
}

/** Sysctls that are of a pod alone, and so may be set without a node's permission. */
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** With slashes between the parts instead of dots is allowed too. */
export const sysctlName = (name: string): string => (/^[^./]+\//.test(name) ? name.replaceAll('/', '.') : name);

/** The first sysctl that this node does not let a pod set. */
export function forbiddenSysctl(pod: Pod): string | undefined {
  return (pod.spec.securityContext?.sysctls ?? []).map(({ name }) => sysctlName(name)).find((name) => !SAFE_SYSCTLS.has(name));
}
