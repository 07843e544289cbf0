/** What is in the volumes that come from the API: secrets, config maps, the pod itself, and tokens. */
import type { KubeObject } from '#machinery/object.ts';
import type { ConfigSource } from '../api/source.ts';
import { podField, type PodAddresses } from '../pods/field-ref.ts';
import type { DownwardItem, KeyToPath, Pod, Projection, Volume } from '../pods/pod.ts';
import { resourceField, type Allocatable } from '../pods/resources.ts';
import type { PayloadFile } from './atomic.ts';

export interface PayloadContext {
  readonly pod: Pod;
  readonly addresses: PodAddresses;
  readonly allocatable: Allocatable;
  config(source: ConfigSource): Promise<KubeObject | undefined>;
  token(audience: string | undefined, expirationSeconds: number): Promise<string>;
}

const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3600;

type Files = Map<string, PayloadFile>;

const bytesOf = (object: KubeObject, resource: ConfigSource['resource']): Map<string, Uint8Array> => {
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
  const binary = (object['binaryData'] ?? {}) as Readonly<Record<string, string>>;
  const encoded = resource === 'secrets' ? data : binary;
  const entries: [string, Uint8Array][] = Object.entries(encoded).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
  if (resource === 'configmaps') entries.push(...Object.entries(data).map(([key, value]): [string, Uint8Array] => [key, Buffer.from(value)]));
  return new Map(entries);
};

interface KeyedSource {
  readonly resource: ConfigSource['resource'];
  readonly name: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

async function keyed(context: PayloadContext, source: KeyedSource, mode: number, files: Files): Promise<void> {
  const { resource, name, items, optional } = source;
  const object = await context.config({ resource, name, namespace: context.pod.metadata.namespace });
  if (object === undefined) {
    if (optional === true) return;
    throw new Error(`${resource === 'secrets' ? 'secret' : 'configmap'} ${JSON.stringify(name)} not found`);
  }
  const data = bytesOf(object, resource);
  if (items === undefined || items.length === 0) {
    for (const [key, content] of data) files.set(key, { content, mode });
    return;
  }
  for (const item of items) {
    const content = data.get(item.key);
    if (content === undefined) {
      if (optional === true) continue;
      throw new Error(`${resource === 'secrets' ? 'references non-existent secret key' : 'references non-existent config key'}: ${item.key}`);
    }
    files.set(item.path, { content, mode: item.mode ?? mode });
  }
}

function downward(context: PayloadContext, items: readonly DownwardItem[], mode: number, files: Files): void {
  const { pod } = context;
  for (const item of items) {
    let text = '';
    if (item.fieldRef !== undefined) text = podField(pod, item.fieldRef.fieldPath, context.addresses);
    else if (item.resourceFieldRef !== undefined) {
      const { containerName, resource, divisor } = item.resourceFieldRef;
      const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === containerName);
      if (container === undefined) throw new Error(`container ${containerName ?? ''} not found`);
      text = resourceField(container, resource, divisor, context.allocatable);
    }
    files.set(item.path, { content: Buffer.from(text), mode: item.mode ?? mode });
  }
}

/** The user that all containers run as, if it is one. */
function commonUser(pod: Pod): number | undefined {
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((container) => container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

async function projection(context: PayloadContext, source: Projection, mode: number, files: Files): Promise<void> {
  if (source.secret !== undefined) await keyed(context, { resource: 'secrets', ...source.secret, name: source.secret.name ?? '' }, mode, files);
  else if (source.configMap !== undefined) await keyed(context, { resource: 'configmaps', ...source.configMap, name: source.configMap.name ?? '' }, mode, files);
  else if (source.downwardAPI !== undefined) downward(context, source.downwardAPI.items ?? [], mode, files);
  else if (source.serviceAccountToken !== undefined) {
    const { audience, expirationSeconds, path } = source.serviceAccountToken;
    const content = Buffer.from(await context.token(audience === '' ? undefined : audience, expirationSeconds ?? TOKEN_SECONDS));
    // A token is for its reader alone where it is known who that is.
    const uid = commonUser(context.pod);
    const closed = uid !== undefined || context.pod.spec.securityContext?.fsGroup !== undefined;
    files.set(path, { content, mode: closed ? 0o600 : mode, ...(uid === undefined ? {} : { uid }) });
  }
}

export const isPayloadVolume = (volume: Volume): boolean =>
  volume.secret !== undefined || volume.configMap !== undefined || volume.downwardAPI !== undefined || volume.projected !== undefined;

export async function payloadOf(context: PayloadContext, volume: Volume): Promise<Files> {
  const files: Files = new Map();
  if (volume.secret !== undefined)
    await keyed(context, { resource: 'secrets', ...volume.secret, name: volume.secret.secretName ?? '' }, volume.secret.defaultMode ?? DEFAULT_MODE, files);
  else if (volume.configMap !== undefined)
    await keyed(context, { resource: 'configmaps', ...volume.configMap, name: volume.configMap.name ?? '' }, volume.configMap.defaultMode ?? DEFAULT_MODE, files);
  else if (volume.downwardAPI !== undefined) downward(context, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? DEFAULT_MODE, files);
  else for (const source of volume.projected?.sources ?? []) await projection(context, source, volume.projected?.defaultMode ?? DEFAULT_MODE, files);
  return files;
}

/** The objects a volume follows. */
export function configSources(pod: Pod, volume: Volume): readonly ConfigSource[] {
  const { namespace } = pod.metadata;
  const found: ConfigSource[] = [];
  const add = (resource: ConfigSource['resource'], name: string | undefined): void => void (name !== undefined && found.push({ resource, namespace, name }));
  add('secrets', volume.secret?.secretName);
  add('configmaps', volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
  return found;
}
