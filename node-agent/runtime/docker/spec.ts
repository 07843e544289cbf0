/** ContainerSpec to the body of Docker's `POST /containers/create`, and Docker's answers to ContainerState. */
import type { ContainerSpec, ContainerState, ImageState } from '../port.ts';

export interface CreateLimits {
  /** The lowest `oom_score_adj` that runc may set here. */
  readonly oomScoreFloor: number;
  readonly apparmor: boolean;
  readonly logMaxSize: string;
  readonly logMaxFiles: number;
}

const present = <T extends object>(fields: T): T => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

function securityOptions(spec: ContainerSpec, limits: CreateLimits): string[] {
  const { security } = spec;
  const options: string[] = [];
  if (security.noNewPrivileges) options.push('no-new-privileges');
  if (security.seccomp !== undefined) options.push(`seccomp=${security.seccomp}`);
  if (security.apparmor !== undefined && limits.apparmor) options.push(`apparmor=${security.apparmor}`);
  return options;
}

export function resourceBody(resources: ContainerSpec['resources'], limits: Pick<CreateLimits, 'oomScoreFloor'>): Record<string, unknown> {
  return present({
    CpuShares: resources.cpuShares,
    CpuQuota: resources.cpuQuota,
    CpuPeriod: resources.cpuPeriod,
    Memory: resources.memoryBytes,
    // Equal to Memory: no swap on top, as the kubelet has it.
    MemorySwap: resources.memoryBytes,
    PidsLimit: resources.pidsLimit,
    OomScoreAdj: resources.oomScoreAdj === undefined ? undefined : Math.max(resources.oomScoreAdj, limits.oomScoreFloor),
  });
}

export function createBody(spec: ContainerSpec, limits: CreateLimits): Record<string, unknown> {
  const { namespaces, security } = spec;
  const joined = namespaces.network.startsWith('container:');
  return present({
    Image: spec.image,
    Entrypoint: spec.command,
    Cmd: spec.args,
    WorkingDir: spec.workingDir,
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    Labels: spec.labels,
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    User: security.user,
    StopSignal: spec.stopSignal,
    // Docker refuses a hostname where the network namespace is another container's or the host's UTS is used.
    Hostname: joined || namespaces.network === 'host' ? undefined : namespaces.hostname,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: present({
      ...resourceBody(spec.resources, limits),
      NetworkMode: namespaces.network,
      PidMode: namespaces.pid === 'container' ? undefined : namespaces.pid,
      IpcMode: namespaces.ipc,
      UTSMode: namespaces.network === 'host' ? 'host' : undefined,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': limits.logMaxSize, 'max-file': String(limits.logMaxFiles) } },
      Mounts: spec.mounts.map((mount) => ({
        Type: 'bind',
        Source: mount.hostPath,
        Target: mount.containerPath,
        ReadOnly: mount.readOnly,
        BindOptions: { Propagation: mount.propagation === undefined || mount.propagation === 'private' ? 'rprivate' : mount.propagation },
      })),
      Privileged: security.privileged,
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      SecurityOpt: securityOptions(spec, limits),
      CapAdd: security.capabilitiesAdd,
      CapDrop: security.capabilitiesDrop,
      GroupAdd: security.groups,
      Sysctls: security.sysctls,
      MaskedPaths: security.maskedPaths,
      ReadonlyPaths: security.readonlyPaths,
      CgroupParent: spec.cgroupParent,
      Devices: spec.devices?.map((device) => ({ PathOnHost: device.hostPath, PathInContainer: device.containerPath, CgroupPermissions: device.permissions })),
    }),
  });
}

export interface DockerListed {
  readonly Id: string;
  readonly Names: readonly string[] | null;
  readonly Image: string;
  readonly ImageID: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  /** Seconds since the epoch. */
  readonly Created: number;
}

export interface DockerInspected {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null; readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}

/** Docker's zero time. */
const NEVER = '0001-01-01T00:00:00Z';

export function listedState(entry: DockerListed): ContainerState {
  const exit = /^Exited \((\d+)\)/.exec(entry.Status);
  const phase = entry.State === 'created' ? 'created' : entry.State === 'running' || entry.State === 'paused' || entry.State === 'restarting' ? 'running' : 'exited';
  return {
    id: entry.Id,
    name: (entry.Names?.[0] ?? '').replace(/^\//, ''),
    image: entry.Image,
    imageId: entry.ImageID,
    labels: entry.Labels ?? {},
    phase,
    createdAt: new Date(entry.Created * 1000).toISOString(),
    ...(exit === null ? {} : { exitCode: Number(exit[1]) }),
  };
}

export function inspectedState(found: DockerInspected): ContainerState {
  const { State } = found;
  // A process that could not be started leaves the container "created", with an error and an exit code.
  const failed = State.Status === 'created' && (State.ExitCode !== 0 || State.Error !== '');
  const phase = State.Running ? 'running' : State.Status === 'created' && !failed ? 'created' : 'exited';
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ''),
    image: found.Config.Image,
    imageId: found.Image,
    labels: found.Config.Labels ?? {},
    phase,
    createdAt: found.Created,
    ...(State.Running && State.Pid > 0 ? { pid: State.Pid } : {}),
    ...(State.StartedAt === NEVER ? {} : { startedAt: State.StartedAt }),
    ...(phase === 'exited' ? { exitCode: State.ExitCode, oomKilled: State.OOMKilled } : {}),
    ...(phase === 'exited' && State.FinishedAt !== NEVER ? { finishedAt: State.FinishedAt } : {}),
    ...(State.Error === '' ? {} : { error: State.Error }),
  };
}

export interface DockerImage {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Size: number;
  readonly Config?: { readonly User?: string; readonly Entrypoint?: readonly string[] | null; readonly Cmd?: readonly string[] | null } | null;
}

export function imageState(image: DockerImage): ImageState {
  const { Config } = image;
  return {
    id: image.Id,
    names: (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
    digests: (image.RepoDigests ?? []).filter((digest) => !digest.startsWith('<none>')),
    sizeBytes: image.Size,
    ...(Config?.User === undefined || Config.User === '' ? {} : { user: Config.User }),
    ...(Config?.Entrypoint === undefined || Config.Entrypoint === null ? {} : { entrypoint: Config.Entrypoint }),
    ...(Config?.Cmd === undefined || Config.Cmd === null ? {} : { command: Config.Cmd }),
  };
}
