/** A container's environment: services, then envFrom, then env, later ones winning; `$(NAME)` sees what came before. */
import type { KubeObject } from '#machinery/object.ts';
import type { ConfigSource } from '../api/source.ts';
import { expand } from './expand.ts';
import { StartFailure } from './failure.ts';
import { podField, type PodAddresses } from './field-ref.ts';
import type { Container, EnvVar, KeySelector, Pod } from './pod.ts';
import { resourceField, type Allocatable } from './resources.ts';
import { serviceEnv } from './service-env.ts';

export interface EnvContext {
  readonly addresses: PodAddresses;
  readonly allocatable: Allocatable;
  readonly services: readonly KubeObject[];
  config(source: ConfigSource): Promise<KubeObject | undefined>;
  /** A file of the pod's volumes, for fileKeyRef. */
  readVolumeFile(volume: string, path: string): Promise<string | undefined>;
}

type Data = Readonly<Record<string, string>>;

const configError = (message: string): StartFailure => new StartFailure('CreateContainerConfigError', message);

const decode = (data: Data | undefined): Data => Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));

/** Keys of a secret or config map as text; undefined where it is missing and may be. */
async function dataOf(context: EnvContext, source: ConfigSource, optional: boolean): Promise<Data | undefined> {
  const object = await context.config(source);
  if (object === undefined) {
    if (optional) return undefined;
    throw configError(`${source.resource === 'secrets' ? 'secret' : 'configmap'} ${JSON.stringify(source.name)} not found`);
  }
  const data = object['data'] as Data | undefined;
  return source.resource === 'secrets' ? decode(data) : { ...data, ...decode(object['binaryData'] as Data | undefined) };
}

/** What an environment cannot hold. */
const impossible = (name: string): boolean => name === '' || name.includes('=') || name.includes('\0');

export async function buildEnv(pod: Pod, container: Container, context: EnvContext): Promise<Map<string, string>> {
  const { namespace } = pod.metadata;
  const fromServices = serviceEnv(context.services, namespace, pod.spec.enableServiceLinks !== false);
  const result = new Map<string, string>();
  const read = new Map<string, Promise<Data | undefined>>();
  const data = (resource: ConfigSource['resource'], name: string, optional: boolean): Promise<Data | undefined> => {
    const key = `${resource}/${name}/${optional}`;
    let promise = read.get(key);
    if (promise === undefined) read.set(key, (promise = dataOf(context, { resource, namespace, name }, optional)));
    return promise;
  };

  for (const from of container.envFrom ?? []) {
    const reference = from.configMapRef ?? from.secretRef;
    if (reference === undefined) continue;
    const values = await data(from.configMapRef === undefined ? 'secrets' : 'configmaps', reference.name ?? '', reference.optional === true);
    for (const [key, value] of Object.entries(values ?? {})) {
      const name = `${from.prefix ?? ''}${key}`;
      if (!impossible(name)) result.set(name, value);
    }
  }

  async function keyed(resource: ConfigSource['resource'], selector: KeySelector): Promise<string | undefined> {
    const optional = selector.optional === true;
    const values = await data(resource, selector.name ?? '', optional);
    const found = values?.[selector.key];
    if (found !== undefined || optional) return found;
    throw configError(`couldn't find key ${selector.key} in ${resource === 'secrets' ? 'Secret' : 'ConfigMap'} ${namespace}/${selector.name}`);
  }

  async function valueOf(variable: EnvVar): Promise<string | undefined> {
    const from = variable.valueFrom;
    if (from === undefined) return expand(variable.value ?? '', (name) => result.get(name) ?? fromServices.get(name));
    if (from.fieldRef !== undefined) return podField(pod, from.fieldRef.fieldPath, context.addresses);
    if (from.resourceFieldRef !== undefined) {
      const { containerName, resource, divisor } = from.resourceFieldRef;
      const target =
        containerName === undefined || containerName === '' ? container : [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((one) => one.name === containerName);
      if (target === undefined) throw configError(`container ${containerName} not found`);
      return resourceField(target, resource, divisor, context.allocatable);
    }
    if (from.configMapKeyRef !== undefined) return keyed('configmaps', from.configMapKeyRef);
    if (from.secretKeyRef !== undefined) return keyed('secrets', from.secretKeyRef);
    if (from.fileKeyRef !== undefined) {
      const { volumeName, path, key, optional } = from.fileKeyRef;
      const text = await context.readVolumeFile(volumeName, path);
      const line = text?.split('\n').find((one) => one.trimStart().startsWith(`${key}=`));
      if (line === undefined && optional !== true) throw configError(`environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(path)}`);
      return line?.slice(line.indexOf('=') + 1).replace(/^(['"])(.*)\1\s*$/, '$2');
    }
    return '';
  }

  for (const variable of container.env ?? []) {
    const value = await valueOf(variable);
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of fromServices) if (!result.has(name)) result.set(name, value);
  return result;
}
