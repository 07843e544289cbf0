/** Fields that exist on one operating system only. */
import type { PodSpec } from '#kinds/generated/types.ts';
import { forbidden, notSupported, required } from '#machinery/field-error.ts';
import type { Errors } from '../../shared/check.ts';

const NOT_ON_WINDOWS = 'cannot be set for a windows pod';
const NOT_ON_LINUX = 'windows options cannot be set for a linux pod';
const POD_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const POD = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const CONTAINER_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function eachContext(spec: PodSpec, visit: (context: Readonly<Record<string, unknown>>, field: string) => void): void {
  for (const name of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    (spec[name] ?? []).forEach(({ securityContext }, index) => {
      if (securityContext !== undefined) visit(securityContext as Readonly<Record<string, unknown>>, `${name}[${index}].securityContext`);
    });
}

export function checkOs(errors: Errors, field: string, spec: PodSpec): void {
  const name = spec.os?.name ?? '';
  const context = (spec.securityContext ?? {}) as Readonly<Record<string, unknown>>;
  if (name === '') errors.push(required(`${field}.os.name`, 'cannot be empty'));
  else if (name === 'linux') {
    if (context['windowsOptions'] !== undefined) errors.push(forbidden(`${field}.securityContext.windowsOptions`, NOT_ON_LINUX));
    eachContext(spec, (own, at) => {
      if (own['windowsOptions'] !== undefined) errors.push(forbidden(`${field}.${at}.windowsOptions`, NOT_ON_LINUX));
    });
  } else if (name === 'windows') {
    for (const key of POD_CONTEXT) if (context[key] !== undefined) errors.push(forbidden(`${field}.securityContext.${key}`, NOT_ON_WINDOWS));
    for (const key of POD) if (spec[key] !== undefined && spec[key] !== false) errors.push(forbidden(`${field}.${key}`, NOT_ON_WINDOWS));
    eachContext(spec, (own, at) => {
      for (const key of CONTAINER_CONTEXT) if (own[key] !== undefined) errors.push(forbidden(`${field}.${at}.${key}`, NOT_ON_WINDOWS));
    });
  } else errors.push(notSupported(`${field}.os`, name, ['linux', 'windows']));
}
