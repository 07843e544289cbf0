/** Validation of pods and pod templates (Kubernetes' `apis/core/validation`): the same fields, causes and texts, in the same order. */
import type { ObjectMeta, Pod, PodSpec, PodTemplateSpec } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName } from '#machinery/names.ts';
import { annotationErrors, labelErrors } from '#machinery/object-meta.ts';
import { duplicate } from '#machinery/field-error.ts';
import { checkIP } from '../../shared/address.ts';
import { type Errors, checkOneOf, checkText } from '../../shared/check.ts';
import { aggregateRequests } from './defaults.ts';
import { type ContainerScope, checkContainers, checkEphemeralContainers, checkHostNetworkPorts, checkImages, checkInitContainers } from './validate-containers.ts';
import { checkOs } from './validate-os.ts';
import { checkPodLevelResources, checkResources } from './validate-resources.ts';
import { checkAffinity, checkGates, checkPreemptionPolicy, checkSpread, checkTolerations } from './validate-scheduling.ts';
import { checkHostProcess, checkHostUsers, checkPodSecurityContext } from './validate-security.ts';
import { checkVolumes } from './validate-volumes.ts';

const RESTART_POLICIES: readonly string[] = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES: readonly string[] = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
/** What libc reads of resolv.conf. */
const NAMESERVERS = 3;
const SEARCH_PATHS = 32;
const SEARCH_CHARACTERS = 2048;
const MAX_INT32 = 2_147_483_647;
const UNDERSCORED = /^[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*$/;
const NO_CLAIMS: ReadonlySet<string> = new Set();

function checkDns(errors: Errors, field: string, { dnsConfig, dnsPolicy }: PodSpec): void {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) {
      errors.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'));
      return;
    }
    if ((dnsConfig.nameservers ?? []).length === 0) {
      errors.push(required(`${field}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
      return;
    }
  }
  if (dnsConfig === undefined) return;
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (nameservers.length > NAMESERVERS) errors.push(invalid(`${field}.nameservers`, nameservers, `must not have more than ${NAMESERVERS} nameservers`));
  nameservers.forEach((address, index) => checkIP(errors, `${field}.nameservers[${index}]`, address));
  if (searches.length > SEARCH_PATHS) errors.push(invalid(`${field}.searches`, searches, `must not have more than ${SEARCH_PATHS} search paths`));
  if (searches.join(' ').length > SEARCH_CHARACTERS)
    errors.push(invalid(`${field}.searches`, searches, `must not have more than ${SEARCH_CHARACTERS} characters (including spaces) in the search list`));
  searches.forEach((search, index) => {
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    // names such as _sip._tcp are in use
    if (!UNDERSCORED.test(name) || name.length > 253) checkText(errors, `${field}.searches[${index}]`, name, isDNS1123Subdomain(name));
  });
  options.forEach(({ name }, index) => {
    if (!name) errors.push(required(`${field}.options[${index}]`, 'must not be empty'));
  });
}

function checkClaims(errors: Errors, field: string, spec: PodSpec): ReadonlySet<string> {
  if (spec.resourceClaims === undefined) return NO_CLAIMS;
  const names = new Set<string>();
  spec.resourceClaims.forEach((claim, index) => {
    const { name = '', resourceClaimName, resourceClaimTemplateName } = claim;
    const at = `${field}[${index}]`;
    if (name === '') errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else {
      checkText(errors, `${at}.name`, name, isDNS1123Label(name));
      names.add(name);
    }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (resourceClaimName !== undefined) checkText(errors, `${at}.resourceClaimName`, resourceClaimName, isDNS1123Subdomain(resourceClaimName));
    if (resourceClaimTemplateName !== undefined) checkText(errors, `${at}.resourceClaimTemplateName`, resourceClaimTemplateName, isDNS1123Subdomain(resourceClaimTemplateName));
  });
  return names;
}

function checkPullSecrets(errors: Errors, field: string, secrets: PodSpec['imagePullSecrets']): void {
  (secrets ?? []).forEach((secret, index) => {
    if (Object.keys(secret).some((key) => key !== 'name')) errors.push(invalid(`${field}[${index}]`, secret, 'only name may be set'));
  });
}

/** `meta` only where the spec is a pod's own. */
export function checkPodSpec(errors: Errors, field: string, spec: PodSpec, meta: ObjectMeta | undefined, isPod: boolean): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(required(`${field}.terminationGracePeriodSeconds`));
  const volumes = checkVolumes(errors, `${field}.volumes`, spec.volumes, meta);
  const claims = checkClaims(errors, `${field}.resourceClaims`, spec);
  const scope: ContainerScope = { spec, volumes, claims, grace: spec.terminationGracePeriodSeconds, hostUsers: spec.hostUsers !== false, isPod };
  checkContainers(errors, `${field}.containers`, scope);
  checkInitContainers(errors, `${field}.initContainers`, scope);
  checkEphemeralContainers(errors, `${field}.ephemeralContainers`, scope);
  if (spec.resources !== undefined) checkPodLevelResources(errors, `${field}.resources`, spec, aggregateRequests);
  checkHostNetworkPorts(errors, `${field}.containers`, scope);
  checkOneOf(errors, `${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  checkOneOf(errors, `${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  if (spec.nodeSelector !== undefined) errors.push(...labelErrors(spec.nodeSelector, `${field}.nodeSelector`));
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(invalid(`${field}.securityContext.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  checkPodSecurityContext(errors, `${field}.securityContext`, spec.securityContext, spec);
  checkPullSecrets(errors, `${field}.imagePullSecrets`, spec.imagePullSecrets);
  checkAffinity(errors, `${field}.affinity`, spec.affinity);
  if (spec.dnsConfig !== undefined || spec.dnsPolicy === 'None') checkDns(errors, `${field}.dnsConfig`, spec);
  (spec.readinessGates ?? []).forEach(({ conditionType = '' }, index) =>
    checkText(errors, `${field}.readinessGates[${index}].conditionType`, conditionType, isQualifiedName(conditionType)),
  );
  if (spec.schedulingGates !== undefined) checkGates(errors, `${field}.schedulingGates`, spec.schedulingGates);
  if (spec.topologySpreadConstraints !== undefined) checkSpread(errors, `${field}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  checkHostProcess(errors, field, spec);
  checkHostUsers(errors, field, spec);
  checkNames(errors, field, spec);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(invalid(`${field}.activeDeadlineSeconds`, deadline, `must be between 1 and ${MAX_INT32}, inclusive`));
  if (spec.tolerations !== undefined) checkTolerations(errors, `${field}.tolerations`, spec.tolerations);
  (spec.hostAliases ?? []).forEach(({ ip = '', hostnames = [] }, index) => {
    checkIP(errors, `${field}.hostAliases[${index}].ip`, ip);
    hostnames.forEach((name, at) => checkText(errors, `${field}.hostAliases[${index}].hostnames[${at}]`, name, isDNS1123Subdomain(name)));
  });
  if (spec.priorityClassName) checkText(errors, `${field}.priorityClassName`, spec.priorityClassName, isDNS1123Subdomain(spec.priorityClassName));
  if (spec.runtimeClassName !== undefined) checkText(errors, `${field}.runtimeClassName`, spec.runtimeClassName, isDNS1123Subdomain(spec.runtimeClassName));
  checkPreemptionPolicy(errors, `${field}.preemptionPolicy`, spec.preemptionPolicy);
  if (spec.overhead !== undefined) checkResources(errors, `${field}.overhead`, { limits: spec.overhead }, NO_CLAIMS);
  if (spec.os !== undefined) checkOs(errors, field, spec);
}

const HOSTNAME_LENGTH = 64;

function checkNames(errors: Errors, field: string, spec: PodSpec): void {
  if (spec.serviceAccountName) checkText(errors, `${field}.serviceAccountName`, spec.serviceAccountName, isDNS1123Subdomain(spec.serviceAccountName));
  if (spec.nodeName) checkText(errors, `${field}.nodeName`, spec.nodeName, isDNS1123Subdomain(spec.nodeName));
  if (spec.hostname) checkText(errors, `${field}.hostname`, spec.hostname, isDNS1123Label(spec.hostname));
  if (spec.subdomain) checkText(errors, `${field}.subdomain`, spec.subdomain, isDNS1123Label(spec.subdomain));
  const override = spec.hostnameOverride;
  if (override === undefined) return;
  const at = `${field}.hostnameOverride`;
  checkText(errors, at, override, isDNS1123Subdomain(override));
  if (override.length > HOSTNAME_LENGTH) errors.push({ type: 'FieldValueTooLong', field: at, value: '', detail: `may not be more than ${HOSTNAME_LENGTH} bytes` });
  if (spec.setHostnameAsFQDN === true) errors.push(invalid(at, override, 'setHostnameAsFQDN must not be set when hostnameOverride is used'));
  if (spec.hostNetwork === true) errors.push(invalid(at, override, 'hostNetwork must not be set when hostnameOverride is used'));
}

/** A template inside another kind. */
export function checkPodTemplate(errors: Errors, field: string, template: PodTemplateSpec | undefined): void {
  const meta = template?.metadata;
  errors.push(...labelErrors(meta?.labels, `${field}.labels`), ...annotationErrors(meta?.annotations, `${field}.annotations`));
  const spec = template?.spec ?? { containers: [] };
  checkPodAnnotations(errors, `${field}.annotations`, meta?.annotations, spec);
  checkPodSpec(errors, `${field}.spec`, spec, undefined, false);
  checkHostnameGates(errors, `${field}.spec`, spec);
}

function checkHostnameGates(errors: Errors, field: string, spec: PodSpec): void {
  if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbidden(`${field}.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
}

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const MIRROR = 'kubernetes.io/config.mirror';

export function checkPodAnnotations(errors: Errors, field: string, annotations: Readonly<Record<string, string>> | undefined, spec: PodSpec): void {
  if (annotations === undefined) return;
  const names = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ name }) => name));
  for (const key in annotations) {
    const value = annotations[key]!;
    if (key === MIRROR && !spec.nodeName) errors.push(invalid(`${field}[${key}]`, value, 'must set spec.nodeName if mirror pod annotation is set'));
    else if (key === DELETION_COST && !isInt32(value)) errors.push(invalid(`${field}[${key}]`, value, 'must be a 32bit integer'));
    else if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) {
      if (!/^(runtime\/default|docker\/default|unconfined|localhost\/.*)$/.test(value)) errors.push(invalid(`${field}.${key}`, value, 'must be a valid seccomp profile'));
    } else if (key.startsWith(APPARMOR_CONTAINER)) {
      const name = key.slice(APPARMOR_CONTAINER.length);
      if (!names.has(name)) errors.push(invalid(`${field}[${key}]`, name, 'container not found'));
      if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/'))
        errors.push(invalid(`${field}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
    }
  }
}

function isInt32(text: string): boolean {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return false;
  const number = Number(text);
  return number >= -2_147_483_648 && number <= MAX_INT32;
}

/** What holds at every write through the main door. */
export function validatePodAlways(pod: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const spec = pod.spec ?? { containers: [] };
  checkPodAnnotations(errors, 'metadata.annotations', pod.metadata.annotations, spec);
  checkPodSpec(errors, 'spec', spec, pod.metadata, true);
  if (!spec.serviceAccountName)
    (spec.volumes ?? []).forEach(({ projected }, index) =>
      (projected?.sources ?? []).forEach(({ serviceAccountToken }, at) => {
        if (serviceAccountToken !== undefined)
          errors.push(forbidden(`spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set'));
      }),
    );
  checkImages(errors, 'spec.containers', spec.containers);
  checkImages(errors, 'spec.initContainers', spec.initContainers);
  return errors;
}
