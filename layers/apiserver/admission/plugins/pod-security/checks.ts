/** The checks of the Pod Security Standards, in upstream's order and words (`pod-security-admission/policy`). */
import type { Container, PodSpec } from '#kinds/generated/types.ts';
import type { ObjectMeta } from '#machinery/object.ts';
import type { LevelVersion } from './levels.ts';

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type CheckPod = (spec: PodSpec, metadata: ObjectMeta) => Violation | undefined;

interface Check {
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** By the first minor version that has it. */
  readonly versions: readonly (readonly [minor: number, check: CheckPod])[];
  /** A baseline check that this one says better. */
  readonly overrides?: string;
}

const quoted = (names: Iterable<string>): string => [...names].map((name) => JSON.stringify(name)).join(', ');
const sorted = (names: Iterable<string>): string[] => [...names].sort();
const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
const containersText = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`;
const containersOf = (spec: PodSpec): readonly Container[] => [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])];
const bad = (spec: PodSpec, isBad: (container: Container) => boolean): string[] =>
  containersOf(spec)
    .filter(isBad)
    .map(({ name }) => name);
const settersText = (pod: boolean, containers: readonly string[]): string =>
  [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [containersText(containers)] : [])].join(' and ');
const inUserNamespace = (spec: PodSpec): boolean => spec.hostUsers === false;
const exceptWindows =
  (check: CheckPod): CheckPod =>
  (spec, metadata) =>
    spec.os?.name === 'windows' ? undefined : check(spec, metadata);
const exceptUserNamespace =
  (check: CheckPod): CheckPod =>
  (spec, metadata) =>
    inUserNamespace(spec) ? undefined : check(spec, metadata);

const allowPrivilegeEscalation: CheckPod = (spec) => {
  const names = bad(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  return names.length === 0
    ? undefined
    : { reason: 'allowPrivilegeEscalation != false', detail: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false` };
};

const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const appArmor: CheckPod = (spec, { annotations = {} }) => {
  const values = new Set<string>();
  const wrong = (type: string | undefined): boolean => {
    if (type === undefined || type === 'RuntimeDefault' || type === 'Localhost') return false;
    values.add(type);
    return true;
  };
  const pod = wrong(spec.securityContext?.appArmorProfile?.type);
  const names = bad(spec, ({ securityContext }) => wrong(securityContext?.appArmorProfile?.type));
  const marked = sorted(
    Object.entries(annotations)
      .filter(([key, value]) => key.startsWith(APPARMOR) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  );
  const setters = [
    ...(pod ? ['pod'] : []),
    ...(names.length > 0 ? [containersText(names)] : []),
    ...(marked.length > 0 ? [plural('annotation', 'annotations', marked.length)] : []),
  ];
  if (setters.length === 0) return undefined;
  const all = [...sorted(values), ...marked];
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', all.length),
    // values of annotations have quotes of their own
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${all.map((one) => `"${one}"`).join(', ')}`,
  };
};

const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' '),
);

const capabilitiesBaseline: CheckPod = (spec) => {
  const added = new Set<string>();
  const names = bad(spec, ({ securityContext }) => {
    const own = (securityContext?.capabilities?.add ?? []).filter((one) => !DEFAULT_CAPABILITIES.has(one));
    for (const one of own) added.add(one);
    return own.length > 0;
  });
  if (names.length === 0) return undefined;
  return { reason: 'non-default capabilities', detail: `${containersText(names)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add` };
};

const capabilitiesRestricted: CheckPod = (spec) => {
  const added = new Set<string>();
  const keeping = bad(spec, ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'));
  const adding = bad(spec, ({ securityContext }) => {
    const own = (securityContext?.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
    for (const one of own) added.add(one);
    return own.length > 0;
  });
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${containersText(adding)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`] : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const hostNamespaces: CheckPod = (spec) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true).map((name) => `${name}=true`);
  return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.join(', ') };
};

const hostPathVolumes: CheckPod = (spec) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` };
};

const hostPorts: CheckPod = (spec) => {
  const ports = new Set<string>();
  const names = bad(spec, (container) => {
    const own = (container.ports ?? []).filter(({ hostPort = 0 }) => hostPort !== 0);
    for (const { hostPort } of own) ports.add(String(hostPort));
    return own.length > 0;
  });
  if (names.length === 0) return undefined;
  return {
    reason: 'hostPort',
    detail: `${containersText(names)} ${plural('uses', 'use', names.length)} ${plural('hostPort', 'hostPorts', ports.size)} ${sorted(ports).join(', ')}`,
  };
};

interface Handler {
  readonly httpGet?: { readonly host?: string };
  readonly tcpSocket?: { readonly host?: string };
}

const hostProbes: CheckPod = (spec) => {
  const hosts = new Set<string>();
  const names = bad(spec, ({ livenessProbe, readinessProbe, startupProbe, lifecycle }) => {
    const own = ([livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop] as readonly (Handler | undefined)[])
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host) => host !== undefined && host !== '');
    for (const host of own) hosts.add(host!);
    return own.length > 0;
  });
  if (names.length === 0) return undefined;
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(sorted(names))} ${plural('uses', 'use', names.length)} ${plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.size)} ${quoted(sorted(hosts))}`,
  };
};

const privileged: CheckPod = (spec) => {
  const names = bad(spec, ({ securityContext }) => securityContext?.privileged === true);
  return names.length === 0 ? undefined : { reason: 'privileged', detail: `${containersText(names)} must not set securityContext.privileged=true` };
};

const procMount: CheckPod = (spec) => {
  const types = new Set<string>();
  const names = bad(spec, ({ securityContext }) => {
    const type = securityContext?.procMount;
    if (type === undefined || type === 'Default') return false;
    types.add(type);
    return true;
  });
  return names.length === 0 ? undefined : { reason: 'procMount', detail: `${containersText(names)} must not set securityContext.procMount to ${quoted(sorted(types))}` };
};

const ALLOWED_VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'];
const OTHER_VOLUMES =
  'hostPath gcePersistentDisk awsElasticBlockStore gitRepo nfs iscsi glusterfs rbd flexVolume cinder cephfs flocker fc azureFile vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume scaleIO storageos'.split(
    ' ',
  );

const restrictedVolumes: CheckPod = (spec) => {
  const types = new Set<string>();
  const names: string[] = [];
  for (const volume of (spec.volumes ?? []) as unknown as readonly Readonly<Record<string, unknown>>[]) {
    if (ALLOWED_VOLUMES.some((type) => volume[type] !== undefined)) continue;
    names.push(String(volume['name']));
    types.add(OTHER_VOLUMES.find((type) => volume[type] !== undefined) ?? 'unknown');
  }
  if (names.length === 0) return undefined;
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)} ${plural('uses', 'use', names.length)} ${plural('restricted volume type', 'restricted volume types', types.size)} ${quoted(sorted(types))}`,
  };
};

const runAsNonRoot: CheckPod = (spec) => {
  const pod = spec.securityContext?.runAsNonRoot;
  const explicit = bad(spec, ({ securityContext }) => securityContext?.runAsNonRoot === false);
  if (pod === false || explicit.length > 0)
    return { reason: 'runAsNonRoot != true', detail: `${settersText(pod === false, explicit)} must not set securityContext.runAsNonRoot=false` };
  const implicit = pod === true ? [] : bad(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  return implicit.length === 0 ? undefined : { reason: 'runAsNonRoot != true', detail: `pod or ${containersText(implicit)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckPod = (spec) => {
  const pod = spec.securityContext?.runAsUser === 0;
  const names = bad(spec, ({ securityContext }) => securityContext?.runAsUser === 0);
  return !pod && names.length === 0 ? undefined : { reason: 'runAsUser=0', detail: `${settersText(pod, names)} must not set runAsUser=0` };
};

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const seLinux =
  (allowed: readonly string[]): CheckPod =>
  (spec) => {
    const types = new Set<string>();
    let user = false;
    let role = false;
    const wrong = (options: { readonly type?: string; readonly user?: string; readonly role?: string } | undefined): boolean => {
      if (options === undefined) return false;
      const type = options.type ?? '';
      if (!allowed.includes(type)) types.add(type);
      if (options.user) user = true;
      if (options.role) role = true;
      return !allowed.includes(type) || Boolean(options.user) || Boolean(options.role);
    };
    const pod = wrong(spec.securityContext?.seLinuxOptions);
    const names = bad(spec, ({ securityContext }) => wrong(securityContext?.seLinuxOptions));
    if (!pod && names.length === 0) return undefined;
    const data = [
      ...(types.size > 0 ? [`${plural('type', 'types', types.size)} ${quoted(sorted(types))}`] : []),
      ...(user ? ['user may not be set'] : []),
      ...(role ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${settersText(pod, names)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
  };

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';

/** Before there was a field there were annotations. */
const seccompAnnotations: CheckPod = (spec, { annotations = {} }) => {
  const keys = [SECCOMP_POD, ...containersOf(spec).map(({ name }) => `${SECCOMP_CONTAINER}${name}`)];
  const wrong = new Set(
    keys
      .filter((key) => annotations[key] !== undefined)
      .filter((key) => !['runtime/default', 'docker/default'].includes(annotations[key]!) && !annotations[key]!.startsWith('localhost/'))
      .map((key) => `${key}=${JSON.stringify(annotations[key])}`),
  );
  return wrong.size === 0 ? undefined : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', wrong.size)} ${sorted(wrong).join(', ')}` };
};

const isSeccomp = (type: string | undefined): boolean => type === 'Localhost' || type === 'RuntimeDefault';

const seccomp =
  (mustBeSet: boolean): CheckPod =>
  (spec) => {
    const values = new Set<string>();
    const wrong = (profile: { readonly type?: string } | undefined): boolean => {
      if (profile === undefined || isSeccomp(profile.type)) return false;
      values.add(profile.type ?? '');
      return true;
    };
    const own = spec.securityContext?.seccompProfile;
    const pod = wrong(own);
    const explicit = bad(spec, ({ securityContext }) => wrong(securityContext?.seccompProfile));
    if (pod || explicit.length > 0)
      return { reason: 'seccompProfile', detail: `${settersText(pod, explicit)} must not set securityContext.seccompProfile.type to ${quoted(sorted(values))}` };
    if (!mustBeSet || own !== undefined) return undefined;
    const implicit = bad(spec, ({ securityContext }) => securityContext?.seccompProfile === undefined);
    if (implicit.length === 0) return undefined;
    return { reason: 'seccompProfile', detail: `pod or ${containersText(implicit)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` };
  };

const SYSCTLS = ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'];
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_29 = [...SYSCTLS_27, 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

const sysctls =
  (allowed: readonly string[]): CheckPod =>
  (spec) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return names.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: names.join(', ') };
  };

const windowsHostProcess: CheckPod = (spec) => {
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const names = bad(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  return !pod && names.length === 0 ? undefined : { reason: 'hostProcess', detail: `${settersText(pod, names)} must not set securityContext.windowsOptions.hostProcess=true` };
};

/** By name, the baseline ones first: so the reasons of a refusal stand. */
const CHECKS: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', versions: [[0, appArmor]] },
  { id: 'capabilities_baseline', level: 'baseline', versions: [[0, capabilitiesBaseline]] },
  { id: 'hostNamespaces', level: 'baseline', versions: [[0, hostNamespaces]] },
  { id: 'hostPathVolumes', level: 'baseline', versions: [[0, hostPathVolumes]] },
  { id: 'hostPorts', level: 'baseline', versions: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [[34, hostProbes]] },
  { id: 'privileged', level: 'baseline', versions: [[0, privileged]] },
  {
    id: 'procMount',
    level: 'baseline',
    versions: [
      [0, procMount],
      [35, exceptUserNamespace(procMount)],
    ],
  },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    versions: [
      [0, seLinux(SELINUX_TYPES)],
      [31, seLinux([...SELINUX_TYPES, 'container_engine_t'])],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    versions: [
      [0, seccompAnnotations],
      [19, seccomp(false)],
    ],
  },
  {
    id: 'sysctls',
    level: 'baseline',
    versions: [
      [0, sysctls(SYSCTLS)],
      [27, sysctls(SYSCTLS_27)],
      [29, sysctls(SYSCTLS_29)],
      [32, sysctls(SYSCTLS_32)],
    ],
  },
  { id: 'windowsHostProcess', level: 'baseline', versions: [[0, windowsHostProcess]] },
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    versions: [
      [8, allowPrivilegeEscalation],
      [25, exceptWindows(allowPrivilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    overrides: 'capabilities_baseline',
    versions: [
      [22, capabilitiesRestricted],
      [25, exceptWindows(capabilitiesRestricted)],
    ],
  },
  { id: 'procMount_restricted', level: 'restricted', overrides: 'procMount', versions: [[35, procMount]] },
  { id: 'restrictedVolumes', level: 'restricted', overrides: 'hostPathVolumes', versions: [[0, restrictedVolumes]] },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    versions: [
      [0, runAsNonRoot],
      [35, exceptUserNamespace(runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    versions: [
      [23, runAsUser],
      [35, exceptUserNamespace(runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    overrides: 'seccompProfile_baseline',
    versions: [
      [19, seccomp(true)],
      [25, exceptWindows(seccomp(true))],
    ],
  },
];

const selected = new Map<string, readonly CheckPod[]>();

function checksFor({ level, minor }: LevelVersion): readonly CheckPod[] {
  const key = `${level}/${minor}`;
  let found = selected.get(key);
  if (found === undefined) {
    const usable = CHECKS.filter((check) => (level === 'restricted' || check.level === 'baseline') && check.versions[0]![0] <= minor);
    const overridden = new Set(usable.map(({ overrides }) => overrides));
    found = usable.filter(({ id }) => !overridden.has(id)).map(({ versions }) => versions.findLast(([from]) => from <= minor)![1]);
    selected.set(key, found);
  }
  return found;
}

export function violations(wanted: LevelVersion, spec: PodSpec, metadata: ObjectMeta): readonly Violation[] {
  if (wanted.level === 'privileged') return [];
  return checksFor(wanted).flatMap((check) => check(spec, metadata) ?? []);
}

export const detailText = (found: readonly Violation[]): string => found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
export const reasonText = (found: readonly Violation[]): string => found.map(({ reason }) => reason).join(', ');
