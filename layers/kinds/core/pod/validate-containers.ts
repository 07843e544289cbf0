/** Containers: regular, init and ephemeral. */
import type { Container, ContainerPort, EphemeralContainer, PodSpec, VolumeDevice, VolumeMount } from '#kinds/generated/types.ts';
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isPortName, isPortNumber } from '#machinery/names.ts';
import { type Errors, checkOneOf, checkText } from '../../shared/check.ts';
import { checkEnv, checkEnvFrom } from './validate-env.ts';
import { checkLifecycle, checkProbe } from './validate-handlers.ts';
import { checkDescendingPath, hasBacksteps } from './validate-paths.ts';
import { checkResources } from './validate-resources.ts';
import { checkSecurityContext } from './validate-security.ts';
import type { KnownVolumes } from './validate-volumes.ts';

const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES: readonly string[] = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES: readonly string[] = ['File', 'FallbackToLogsOnError'];
const RESIZABLE: readonly string[] = ['cpu', 'memory'];
const RESIZE_POLICIES: readonly string[] = ['NotRequired', 'RestartContainer'];
const PROPAGATIONS: readonly string[] = ['Bidirectional', 'HostToContainer', 'None'];

/** What the checks of one container need to know of its pod. */
export interface ContainerScope {
  readonly spec: PodSpec;
  readonly volumes: KnownVolumes;
  readonly claims: ReadonlySet<string>;
  readonly grace: number | undefined;
  readonly hostUsers: boolean;
  /** A pod, not a template: images may then have no white space around them. */
  readonly isPod: boolean;
}

function checkPorts(errors: Errors, field: string, ports: readonly ContainerPort[]): void {
  const names = new Set<string>();
  for (let index = 0; index < ports.length; index++) {
    const { name = '', containerPort = 0, hostPort = 0, protocol } = ports[index]!;
    const at = `${field}[${index}]`;
    if (name !== '') {
      const messages = isPortName(name);
      if (messages.length > 0) checkText(errors, `${at}.name`, name, messages);
      else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      else names.add(name);
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`));
    else for (const message of isPortNumber(containerPort)) errors.push(invalid(`${at}.containerPort`, containerPort, message));
    if (hostPort !== 0) for (const message of isPortNumber(hostPort)) errors.push(invalid(`${at}.hostPort`, hostPort, message));
    checkOneOf(errors, `${at}.protocol`, protocol, PROTOCOLS);
  }
}

function checkMounts(errors: Errors, field: string, container: Container, scope: ContainerScope): void {
  const mounts = container.volumeMounts!;
  const devices = container.volumeDevices ?? [];
  const paths = new Set<string>();
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    const { name = '', mountPath = '' } = mount;
    const at = `${field}[${index}]`;
    if (name === '') errors.push(required(`${at}.name`));
    const volume = scope.volumes.get(name);
    if (volume === undefined) errors.push(notFound(`${at}.name`, name));
    if (mountPath === '') errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    for (const device of devices) {
      if (device.name === name) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'));
      if (device.devicePath === mountPath) errors.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    if (volume?.image !== undefined && mount.subPathExpr) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'not allowed in image volume sources'));
    // the paths below lack the index in Kubernetes too
    if (mount.subPath) checkDescendingPath(errors, `${field}.subPath`, mount.subPath);
    if (mount.subPathExpr) {
      if (mount.subPath) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      checkDescendingPath(errors, `${field}.subPathExpr`, mount.subPathExpr);
    }
    if (mount.mountPropagation !== undefined || mount.recursiveReadOnly !== undefined) checkPropagation(errors, field, mount, container);
  }
}

function checkPropagation(errors: Errors, field: string, mount: VolumeMount, container: Container): void {
  const { mountPropagation: propagation, recursiveReadOnly: recursive } = mount;
  if (propagation !== undefined) {
    if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(`${field}.mountPropagation`, propagation, PROPAGATIONS));
    if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true)
      errors.push(forbidden(`${field}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
  }
  if (recursive === undefined || recursive === 'Disabled') return;
  if (recursive !== 'Enabled' && recursive !== 'IfPossible') {
    errors.push(notSupported(`${field}.recursiveReadOnly`, recursive, ['Disabled', 'Enabled', 'IfPossible']));
    return;
  }
  if (mount.readOnly !== true) errors.push(forbidden(`${field}.recursiveReadOnly`, 'may only be specified when readOnly is true'));
  if (propagation !== undefined && propagation !== 'None')
    errors.push(forbidden(`${field}.recursiveReadOnly`, 'may only be specified when mountPropagation is None or not specified'));
}

function checkDevices(errors: Errors, field: string, devices: readonly VolumeDevice[], mounts: readonly VolumeMount[], scope: ContainerScope): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  devices.forEach(({ name = '', devicePath = '' }, index) => {
    const at = `${field}[${index}]`;
    const volume = scope.volumes.get(name);
    if (name === '') errors.push(required(`${at}.name`));
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'));
    if (volume === undefined) errors.push(notFound(`${at}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      errors.push(invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (devicePath === '') errors.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'));
    if (hasBacksteps(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeMounts'));
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name !== '') names.add(name);
  });
}

function checkResizePolicy(errors: Errors, field: string, policies: NonNullable<Container['resizePolicy']>, restartPolicy: string | undefined): void {
  const seen = new Set<string>();
  policies.forEach(({ resourceName = '', restartPolicy: policy = '' }, index) => {
    if (seen.has(resourceName)) errors.push(duplicate(`${field}[${index}]`, resourceName));
    seen.add(resourceName);
    checkOneOf(errors, field, resourceName, RESIZABLE);
    checkOneOf(errors, field, policy, RESIZE_POLICIES);
    if (restartPolicy === 'Never' && policy !== 'NotRequired') errors.push(invalid(field, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  });
}

const RULES_LIMIT = 20;
const EXIT_CODES_LIMIT = 255;

/** A restart policy of the container's own, and rules about exit codes. */
function checkRestart(errors: Errors, field: string, container: Container, isInit: boolean): void {
  const { restartPolicy: policy, restartPolicyRules: rules } = container;
  if (policy !== undefined && !['Always', 'Never', 'OnFailure'].includes(policy)) errors.push(notSupported(`${field}.restartPolicy`, policy, ['Always', 'Never', 'OnFailure']));
  if (rules === undefined || rules.length === 0) return;
  const at = `${field}.restartPolicyRules`;
  if (policy === undefined) errors.push(required(`${field}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  if (isInit && policy === 'Always') errors.push(forbidden(at, 'restart policy rules are not allowed for init containers with restart policy Always'));
  if (rules.length > RULES_LIMIT) errors.push({ type: 'FieldValueTooMany', field: at, value: rules.length, detail: `must have at most ${RULES_LIMIT} items` });
  rules.forEach(({ action, exitCodes }, index) => {
    checkOneOf(errors, `${at}[${index}].action`, action, ['Restart', 'RestartAllContainers']);
    if (exitCodes === undefined) {
      errors.push(required(`${at}[${index}].exitCodes`, 'must be specified'));
      return;
    }
    checkOneOf(errors, `${at}[${index}].exitCodes.operator`, exitCodes.operator, ['In', 'NotIn']);
    const values = exitCodes.values ?? [];
    if (values.length === 0) errors.push(required(`${at}[${index}].exitCodes.values`, 'must specify at least one exit code'));
    if (values.length > EXIT_CODES_LIMIT)
      errors.push({ type: 'FieldValueTooMany', field: `${at}[${index}].exitCodes.values`, value: values.length, detail: `must have at most ${EXIT_CODES_LIMIT} items` });
  });
}

const NONE_LEFT: ReadonlySet<string> = new Set();

function checkCommon(errors: Errors, field: string, container: Container, scope: ContainerScope): void {
  const { name = '', image = '' } = container;
  if (name === '') errors.push(required(`${field}.name`));
  else checkText(errors, `${field}.name`, name, isDNS1123Label(name));
  if (image === '') errors.push(required(`${field}.image`));
  checkOneOf(errors, `${field}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES);
  if (container.ports !== undefined) checkPorts(errors, `${field}.ports`, container.ports);
  if (container.env !== undefined) checkEnv(errors, `${field}.env`, container.env);
  if (container.envFrom !== undefined) checkEnvFrom(errors, `${field}.envFrom`, container.envFrom);
  if (container.volumeMounts !== undefined) checkMounts(errors, `${field}.volumeMounts`, container, scope);
  if (container.volumeDevices !== undefined) checkDevices(errors, `${field}.volumeDevices`, container.volumeDevices, container.volumeMounts ?? [], scope);
  checkOneOf(errors, `${field}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  if (container.resources !== undefined) checkResources(errors, `${field}.resources`, container.resources, scope.claims);
  if (container.resizePolicy !== undefined) checkResizePolicy(errors, `${field}.resizePolicy`, container.resizePolicy, scope.spec.restartPolicy);
  checkSecurityContext(errors, `${field}.securityContext`, container.securityContext, scope.hostUsers);
  checkRestart(errors, field, container, field.includes('initContainers'));
}

function checkImageSpace(errors: Errors, field: string, image: string | undefined): void {
  if (image !== undefined && image.trim() !== image) errors.push(invalid(`${field}.image`, image, 'must not have leading or trailing whitespace'));
}

function checkHooks(errors: Errors, field: string, container: Container, grace: number | undefined): void {
  if (container.lifecycle !== undefined) checkLifecycle(errors, `${field}.lifecycle`, container.lifecycle, grace);
  checkProbe(errors, field, 'livenessProbe', container.livenessProbe, grace);
  checkProbe(errors, field, 'readinessProbe', container.readinessProbe, grace);
  checkProbe(errors, field, 'startupProbe', container.startupProbe, grace);
}

function checkHostPorts(errors: Errors, field: string, containers: readonly Container[], taken = new Set<string>()): void {
  for (let index = 0; index < containers.length; index++) {
    const ports = containers[index]!.ports ?? [];
    for (let at = 0; at < ports.length; at++) {
      const { hostPort = 0, hostIP = '', protocol = '' } = ports[at]!;
      if (hostPort === 0) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${field}[${index}].ports[${at}].hostPort`, key));
      else taken.add(key);
    }
  }
}

export function checkContainers(errors: Errors, field: string, scope: ContainerScope): void {
  const containers = scope.spec.containers ?? [];
  if (containers.length === 0) {
    errors.push(required(field));
    return;
  }
  const names = new Set<string>();
  for (let index = 0; index < containers.length; index++) {
    const container = containers[index]!;
    const at = `${field}[${index}]`;
    checkCommon(errors, at, container, scope);
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else names.add(container.name);
    checkHooks(errors, at, container, scope.grace);
  }
  checkHostPorts(errors, field, containers);
}

const ONLY_SIDECARS = 'may not be set for init containers without restartPolicy=Always';

export function checkInitContainers(errors: Errors, field: string, scope: ContainerScope): void {
  const containers = scope.spec.initContainers;
  if (containers === undefined) return;
  const names = new Set((scope.spec.containers ?? []).map(({ name }) => name));
  containers.forEach((container, index) => {
    const at = `${field}[${index}]`;
    checkCommon(errors, at, container, scope);
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    // they run one after the other, so each alone
    checkHostPorts(errors, field, [container]);
    if (container.restartPolicy === 'Always') checkHooks(errors, at, container, scope.grace);
    else
      for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
        if (container[name] !== undefined) errors.push(forbidden(`${at}.${name}`, ONLY_SIDECARS));
    if (container.restartPolicy !== 'Always' && (container.resizePolicy ?? []).length > 0)
      errors.push(invalid(`${at}.resizePolicy`, container.resizePolicy, 'must not be set for init containers'));
  });
}

const EPHEMERAL = 'cannot be set for an Ephemeral Container';
const EPHEMERAL_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'envFrom',
  'env',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
]);
const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);

export function checkEphemeralContainers(errors: Errors, field: string, scope: ContainerScope): void {
  const containers: readonly EphemeralContainer[] | undefined = scope.spec.ephemeralContainers;
  if (containers === undefined) return;
  const others = new Set([...(scope.spec.containers ?? []), ...(scope.spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  containers.forEach((container, index) => {
    const at = `${field}[${index}]`;
    checkCommon(errors, at, container as Container, { ...scope, claims: NONE_LEFT });
    checkImageSpace(errors, at, container.image);
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else names.add(container.name);
    if (container.targetContainerName && !others.has(container.targetContainerName)) errors.push(notFound(`${at}.targetContainerName`, container.targetContainerName));
    for (const [name, value] of Object.entries(container)) if (!EPHEMERAL_FIELDS.has(name) && isSet(value)) errors.push(forbidden(`${at}.${name}`, EPHEMERAL));
    (container.volumeMounts ?? []).forEach(({ subPath, subPathExpr }, mount) => {
      if (subPath) errors.push(forbidden(`${at}.volumeMounts[${mount}].subPath`, EPHEMERAL));
      if (subPathExpr) errors.push(forbidden(`${at}.volumeMounts[${mount}].subPathExpr`, EPHEMERAL));
    });
  });
}

/** With the host's network a port is the host's port. */
export function checkHostNetworkPorts(errors: Errors, field: string, { spec, isPod }: ContainerScope): void {
  if (spec.hostNetwork !== true) return;
  (spec.containers ?? []).forEach(({ ports = [] }, index) => {
    ports.forEach(({ hostPort = 0, containerPort }, at) => {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        errors.push(invalid(`${field}[${index}].ports[${at}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    });
  });
}

export function checkImages(errors: Errors, field: string, containers: readonly Container[] | undefined): void {
  (containers ?? []).forEach(({ image }, index) => checkImageSpace(errors, `${field}[${index}]`, image));
}
