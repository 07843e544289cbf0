/** Environment variables, the sources they come from, and downward API selectors (also of volumes). */
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from '#kinds/generated/types.ts';
import { invalid, notSupported, required } from '#machinery/field-error.ts';
import { isConfigMapKey, isDNS1123Subdomain, isEnvVarName, isQualifiedName } from '#machinery/names.ts';
import { type Errors, checkRequired, checkText } from '../../shared/check.ts';
import { checkLocalPath } from './validate-paths.ts';

const ENV_FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Every path that the downward API knows at all. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([...ENV_FIELDS, 'metadata.annotations', 'metadata.labels', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);
export const VOLUME_FIELDS: readonly string[] = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const RESOURCES: readonly string[] = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
const HUGE_PAGES = /^(requests|limits)\.hugepages-/;
const BYTE_DIVISORS: ReadonlySet<string> = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']);
const BYTE_TEXT = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
const SUBSCRIPT = /^(.*)\['([^']*)'\]$/;

export function checkFieldSelector(errors: Errors, field: string, selector: ObjectFieldSelector, supported: readonly string[]): void {
  if (!checkRequired(errors, `${field}.apiVersion`, selector.apiVersion) || !checkRequired(errors, `${field}.fieldPath`, selector.fieldPath)) return;
  let path = selector.fieldPath!;
  const subscripted = SUBSCRIPT.exec(path);
  const name = subscripted?.[1] ?? path;
  if (
    selector.apiVersion !== 'v1' ||
    (!KNOWN_FIELDS.has(name) && path !== 'spec.host') ||
    (subscripted !== null && name !== 'metadata.annotations' && name !== 'metadata.labels')
  ) {
    const why = selector.apiVersion === 'v1' ? `field label not supported: ${path}` : `unsupported pod version: ${selector.apiVersion}`;
    errors.push(invalid(`${field}.fieldPath`, path, `error converting fieldPath: ${why}`));
    return;
  }
  if (path === 'spec.host') path = 'spec.nodeName';
  if (subscripted !== null)
    checkText(
      errors,
      field,
      name === 'metadata.annotations' ? subscripted[2]!.toLowerCase() : subscripted[2]!,
      isQualifiedName(name === 'metadata.annotations' ? subscripted[2]!.toLowerCase() : subscripted[2]!),
    );
  else if (!supported.includes(path)) errors.push(notSupported(`${field}.fieldPath`, path, supported));
}

export function checkResourceSelector(errors: Errors, field: string, selector: ResourceFieldSelector, volume: boolean): void {
  const resource = selector.resource ?? '';
  if (volume && !selector.containerName) errors.push(required(`${field}.containerName`));
  else if (resource === '') errors.push(required(`${field}.resource`));
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) errors.push(notSupported(`${field}.resource`, resource, RESOURCES));
  const divisor = selector.divisor;
  if (divisor === undefined || divisor === '0' || divisor === '') return;
  if (resource === 'limits.cpu' || resource === 'requests.cpu') {
    if (divisor !== '1m' && divisor !== '1') errors.push(invalid(`${field}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
    return;
  }
  if (BYTE_DIVISORS.has(divisor)) return;
  const what = resource.endsWith('.memory') ? 'memory' : resource.endsWith('.ephemeral-storage') ? 'local ephemeral storage' : HUGE_PAGES.test(resource) ? 'hugepages' : undefined;
  if (what !== undefined) errors.push(invalid(`${field}.divisor`, resource, `only divisor's values ${BYTE_TEXT} are supported with the ${what} resource`));
}

function checkKeySelector(errors: Errors, field: string, { name = '', key = '' }: { name?: string; key?: string }): void {
  checkText(errors, `${field}.name`, name, isDNS1123Subdomain(name));
  if (checkRequired(errors, `${field}.key`, key)) checkText(errors, `${field}.key`, key, isConfigMapKey(key));
}

function checkValueFrom(errors: Errors, field: string, source: EnvVarSource, value: string): void {
  let count = 0;
  if (source.fieldRef !== undefined) {
    count++;
    checkFieldSelector(errors, `${field}.fieldRef`, source.fieldRef, ENV_FIELDS);
  }
  if (source.resourceFieldRef !== undefined) {
    count++;
    checkResourceSelector(errors, `${field}.resourceFieldRef`, source.resourceFieldRef, false);
  }
  if (source.configMapKeyRef !== undefined) {
    count++;
    checkKeySelector(errors, `${field}.configMapKeyRef`, source.configMapKeyRef);
  }
  if (source.secretKeyRef !== undefined) {
    count++;
    checkKeySelector(errors, `${field}.secretKeyRef`, source.secretKeyRef);
  }
  if (source.fileKeyRef !== undefined) {
    count++;
    const { key = '', volumeName = '', path = '' } = source.fileKeyRef;
    if (checkRequired(errors, `${field}.fileKeyRef.key`, key)) checkText(errors, `${field}.fileKeyRef.key`, key, isEnvVarName(key));
    checkRequired(errors, `${field}.fileKeyRef.volumeName`, volumeName);
    if (checkRequired(errors, `${field}.fileKeyRef.path`, path)) checkLocalPath(errors, `${field}.fileKeyRef.path`, path);
  }
  if (count === 0) errors.push(invalid(field, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'));
  else if (value !== '') errors.push(invalid(field, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
}

export function checkEnv(errors: Errors, field: string, env: readonly EnvVar[]): void {
  for (let index = 0; index < env.length; index++) {
    const { name = '', value = '', valueFrom } = env[index]!;
    if (name === '') errors.push(required(`${field}[${index}].name`));
    else checkText(errors, `${field}[${index}].name`, name, isEnvVarName(name));
    if (valueFrom !== undefined) checkValueFrom(errors, `${field}[${index}].valueFrom`, valueFrom, value);
  }
}

export function checkEnvFrom(errors: Errors, field: string, sources: readonly EnvFromSource[]): void {
  for (let index = 0; index < sources.length; index++) {
    const { prefix = '', configMapRef, secretRef } = sources[index]!;
    const at = `${field}[${index}]`;
    if (prefix !== '') checkText(errors, `${at}.prefix`, prefix, isEnvVarName(prefix));
    for (const [name, ref] of [
      ['configMapRef', configMapRef],
      ['secretRef', secretRef],
    ] as const)
      if (ref !== undefined && checkRequired(errors, `${at}.${name}.name`, ref.name)) checkText(errors, `${at}.${name}.name`, ref.name!, isDNS1123Subdomain(ref.name!));
    if (configMapRef === undefined && secretRef === undefined) errors.push(invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef !== undefined && secretRef !== undefined) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
  }
}
