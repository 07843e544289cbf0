/**
 * The volumes of this machine's pods. Layout below the state folder: `pods/<uid>/volumes/<volume>` for what lies on disk,
 * `tmpfs/<uid>/<volume>` for what comes from the API. The latter is one tmpfs for the whole node, mounted once: secrets never touch
 * a disk, and a pod costs no mount of its own.
 */
import { mkdir, chmod, readFile, readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseQuantity, value } from '#machinery/quantity.ts';
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { pause } from '../api/pause.ts';
import type { ClusterSource, ConfigSource } from '../api/source.ts';
import { expand } from '../pods/expand.ts';
import type { PodAddresses } from '../pods/field-ref.ts';
import { messageOf } from '../pods/failure.ts';
import { isUid, podDir } from '../pods/journal.ts';
import { podText, type Container, type Pod, type Volume, type VolumeMount } from '../pods/pod.ts';
import type { Allocatable } from '../pods/resources.ts';
import type { Mount } from '../runtime/port.ts';
import { writeAtomically } from './atomic.ts';
import { resolveClaim } from './claim.ts';
import { ensureHostPath } from './host-path.ts';
import { mountNfs, mountTmpfs, unmountBelow } from './mounts.ts';
import { giveToGroup } from './ownership.ts';
import { configSources, isPayloadVolume, payloadOf, type PayloadContext } from './payload.ts';
import { VolumeNotReady, type PodVolumes } from './port.ts';
import { mountSubPath } from './sub-path.ts';
import { createTokenKeeper } from './tokens.ts';
import { diskUsage } from './usage.ts';

/** Tokens are looked after this often. */
const TOKEN_CHECK_MS = 60_000;

export interface NodeVolumesOptions {
  readonly cluster: ClusterSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly stateDir: string;
  readonly podsDir: string;
  allocatable(): Allocatable;
}

interface MadeVolume {
  readonly path: string;
  readonly readOnly: boolean;
}

interface PodState {
  pod: Pod;
  addresses: () => PodAddresses;
  readonly made: Map<string, MadeVolume>;
  readonly stops: (() => void)[];
  /** Updates one after the other. */
  queue: Promise<void>;
  ended: boolean;
}

const PROPAGATION = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

export function createNodeVolumes(options: NodeVolumesOptions): PodVolumes {
  const { cluster, clock } = options;
  const tmpfsDir = path.join(options.stateDir, 'tmpfs');
  const pods = new Map<string, PodState>();
  const tokens = createTokenKeeper(cluster, clock);
  let tmpfs: Promise<void> | undefined;
  let watching = false;

  const sharedTmpfs = (): Promise<void> =>
    (tmpfs ??= mountTmpfs(tmpfsDir, ['mode=0711']).catch((error: unknown) => {
      tmpfs = undefined;
      throw error;
    }));

  const diskDir = (pod: Pod, volume: string): string => path.join(podDir(options.podsDir, pod.metadata.uid), 'volumes', volume);

  function payloadContext(state: PodState, config: (source: ConfigSource) => Promise<KubeObject | undefined>): PayloadContext {
    return {
      pod: state.pod,
      addresses: state.addresses(),
      allocatable: options.allocatable(),
      config,
      token: (audience, seconds) => tokens.get(state.pod, audience, seconds),
    };
  }

  async function writePayload(state: PodState, volume: Volume, known?: { readonly source: ConfigSource; readonly object: KubeObject | undefined }): Promise<string> {
    await sharedTmpfs();
    const directory = path.join(podDir(tmpfsDir, state.pod.metadata.uid), volume.name);
    const config = (source: ConfigSource): Promise<KubeObject | undefined> =>
      known?.source.resource === source.resource && known.source.name === source.name ? Promise.resolve(known.object) : cluster.config(source);
    const payload = await payloadOf(payloadContext(state, config), volume);
    if (!state.ended) await writeAtomically(directory, payload, state.pod.spec.securityContext?.fsGroup);
    return directory;
  }

  async function make(state: PodState, volume: Volume): Promise<MadeVolume> {
    const { pod } = state;
    const { securityContext } = pod.spec;
    const directory = diskDir(pod, volume.name);
    if (isPayloadVolume(volume)) return { path: await writePayload(state, volume), readOnly: true };
    if (volume.hostPath !== undefined) {
      await ensureHostPath(volume.hostPath.path, volume.hostPath.type ?? '');
      return { path: volume.hostPath.path, readOnly: false };
    }
    let made: MadeVolume = { path: directory, readOnly: false };
    if (volume.nfs !== undefined) {
      await mountNfs(volume.nfs.server, volume.nfs.path, directory, volume.nfs.readOnly === true);
      made = { path: directory, readOnly: volume.nfs.readOnly === true };
    } else if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) {
      const backing = await resolveClaim(pod, volume, (file) => cluster.read(file));
      if (backing.hostPath !== undefined) {
        await ensureHostPath(backing.hostPath.path, backing.hostPath.type ?? '');
        made = { path: backing.hostPath.path, readOnly: backing.readOnly };
      } else if (backing.nfs !== undefined) {
        await mountNfs(backing.nfs.server, backing.nfs.path, directory, backing.readOnly);
        made = { path: directory, readOnly: backing.readOnly };
      }
    } else if (volume.csi !== undefined || volume.image !== undefined) throw new Error('this node has no driver for the volume');
    else if (volume.emptyDir?.medium === 'Memory') {
      const limit = volume.emptyDir.sizeLimit;
      await mountTmpfs(directory, ['mode=0777', ...(limit === undefined ? [] : [`size=${value(parseQuantity(limit))}`])]);
      await chmod(directory, 0o777);
    } else {
      await mkdir(directory, { recursive: true });
      await chmod(directory, 0o777);
    }
    if (securityContext?.fsGroup !== undefined && !made.readOnly) await giveToGroup(made.path, securityContext.fsGroup, securityContext.fsGroupChangePolicy ?? 'Always');
    return made;
  }

  /** An object that a volume shows has changed or vanished: the volume follows. Where it is not optional, its last content stays. */
  function follow(state: PodState, volume: Volume): void {
    for (const source of configSources(state.pod, volume)) state.stops.push(cluster.followConfig(source, (object) => update(state, volume, { source, object })));
  }

  function update(state: PodState, volume: Volume, known?: { readonly source: ConfigSource; readonly object: KubeObject | undefined }): void {
    state.queue = state.queue
      .then(async () => void (state.ended || (await writePayload(state, volume, known))))
      .catch((error: unknown) => console.warn(`volume ${volume.name} of pod ${podText(state.pod)}: ${messageOf(error)}`));
  }

  async function renewTokens(): Promise<void> {
    for (;;) {
      await pause(clock, TOKEN_CHECK_MS);
      for (const state of pods.values()) {
        if (tokens.dueAt(state.pod.metadata.uid) > clock.now()) continue;
        for (const volume of state.pod.spec.volumes ?? [])
          if (volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined) === true) update(state, volume);
      }
    }
  }

  function isUsed(pod: Pod, volume: Volume): boolean {
    return [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].some(
      (container) => container.volumeMounts?.some(({ name }) => name === volume.name) === true,
    );
  }

  async function mountOf(state: PodState, container: Container, mount: VolumeMount, index: number, look: (name: string) => string | undefined): Promise<Mount> {
    const made = state.made.get(mount.name);
    if (made === undefined) throw new VolumeNotReady(mount.name, `volume ${mount.name} is not there`);
    let hostPath = made.path;
    const subPath = mount.subPathExpr !== undefined && mount.subPathExpr !== '' ? expand(mount.subPathExpr, look) : mount.subPath;
    if (subPath !== undefined && subPath !== '') {
      const target = path.join(podDir(options.podsDir, state.pod.metadata.uid), 'volume-subpaths', mount.name, container.name, String(index));
      try {
        hostPath = await mountSubPath(made.path, subPath, target);
      } catch (error) {
        throw new VolumeNotReady(mount.name, `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)}: ${messageOf(error)}`, { cause: error });
      }
    }
    return {
      hostPath,
      containerPath: path.isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: made.readOnly || mount.readOnly === true,
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'],
    };
  }

  async function tearDown(podUid: string): Promise<void> {
    const state = pods.get(podUid);
    if (state !== undefined) {
      state.ended = true;
      for (const stop of state.stops) stop();
      await state.queue;
      pods.delete(podUid);
    }
    tokens.forget(podUid);
    const directory = podDir(options.podsDir, podUid);
    await unmountBelow(directory);
    await Promise.all([
      rm(path.join(directory, 'volumes'), { recursive: true, force: true }),
      rm(path.join(directory, 'volume-subpaths'), { recursive: true, force: true }),
      rm(podDir(tmpfsDir, podUid), { recursive: true, force: true }),
    ]);
  }

  return {
    async setUp(pod, addresses) {
      let state = pods.get(pod.metadata.uid);
      if (state === undefined) pods.set(pod.metadata.uid, (state = { pod, addresses, made: new Map(), stops: [], queue: Promise.resolve(), ended: false }));
      const current = state;
      current.pod = pod;
      const missing = (pod.spec.volumes ?? []).filter((volume) => !current.made.has(volume.name) && isUsed(pod, volume));
      const results = await Promise.allSettled(
        missing.map(async (volume) => {
          try {
            current.made.set(volume.name, await make(current, volume));
          } catch (error) {
            throw new VolumeNotReady(volume.name, messageOf(error), { cause: error });
          }
          if (isPayloadVolume(volume)) follow(current, volume);
        }),
      );
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      if (!watching && tokens.dueAt(pod.metadata.uid) < Infinity) {
        watching = true;
        void renewTokens();
      }
    },
    async refresh(pod, addresses) {
      const state = pods.get(pod.metadata.uid);
      if (state === undefined) return;
      state.pod = pod;
      state.addresses = addresses;
      for (const volume of pod.spec.volumes ?? [])
        if (state.made.has(volume.name) && (volume.downwardAPI !== undefined || volume.projected?.sources?.some((source) => source.downwardAPI !== undefined) === true))
          update(state, volume);
      await state.queue;
    },
    async mounts(pod, container, look) {
      const state = pods.get(pod.metadata.uid);
      if (state === undefined) return [];
      return Promise.all((container.volumeMounts ?? []).map((mount, index) => mountOf(state, container, mount, index, look)));
    },
    async readFile(pod, volume, file) {
      const made = pods.get(pod.metadata.uid)?.made.get(volume);
      if (made === undefined) return undefined;
      const root = await realpath(made.path);
      const real = await realpath(path.join(root, file)).catch(() => undefined);
      return real?.startsWith(`${root}/`) === true ? readFile(real, 'utf8') : undefined;
    },
    async usage(podUid) {
      const state = pods.get(podUid);
      const folders = (state?.pod.spec.volumes ?? []).filter(({ name, emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory' && state!.made.has(name));
      return new Map(await Promise.all(folders.map(async ({ name }): Promise<[string, number]> => [name, await diskUsage(state!.made.get(name)!.path)])));
    },
    tearDown,
    async retain(podUids) {
      const kept = new Set(podUids);
      const found = new Set([...(await readdir(options.podsDir).catch(() => [] as string[])), ...(await readdir(tmpfsDir).catch(() => [] as string[]))]);
      for (const uid of found) {
        if (kept.has(uid) || !isUid(uid)) continue;
        await tearDown(uid);
        await rm(podDir(options.podsDir, uid), { recursive: true, force: true });
      }
    },
  };
}
