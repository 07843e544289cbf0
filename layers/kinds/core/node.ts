import type { Node } from '../generated/types.ts';
import { type FieldError, forbidden } from '#machinery/field-error.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, ageOf, column, NONE, orNone } from '../shared/cells.ts';

const ROLE = 'node-role.kubernetes.io/';

function statusOf({ status, spec }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (spec?.unschedulable === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesOf({ metadata }: Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => (key.startsWith(ROLE) && key.length > ROLE.length ? [key.slice(ROLE.length)] : key === 'kubernetes.io/role' && value !== '' ? [value] : []));
  return orNone([...new Set(roles)].toSorted().join(','));
}

const addressOf = ({ status }: Node, type: string): string => status?.addresses?.find((address) => address.type === type)?.address ?? NONE;

export const node = behaviour<Node>({
  hasGeneration: false,
  fields: { 'spec.unschedulable': (object) => String(object.spec?.unschedulable ?? false) },
  defaults(object) {
    if (object.status?.capacity !== undefined && object.status.allocatable === undefined) object.status.allocatable = { ...object.status.capacity };
  },
  validateUpdate(object, old): FieldError[] {
    const errors: FieldError[] = [];
    if (old.spec?.podCIDR && object.spec?.podCIDR !== old.spec.podCIDR) errors.push(forbidden('spec.podCIDR', 'field is immutable once set'));
    if (old.spec?.providerID && object.spec?.providerID !== old.spec.providerID) errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
    return errors;
  },
  columns: [
    column('Status', 'The status of the node'),
    column('Roles', 'The roles of the node'),
    AGE,
    column('Version', 'Kubelet Version reported by the node.'),
    column('Internal-IP', 'Internal IP of the node.', 'string', 1),
    column('External-IP', 'External IP of the node.', 'string', 1),
    column('OS-Image', 'OS Image reported by the node.', 'string', 1),
    column('Kernel-Version', 'Kernel Version reported by the node.', 'string', 1),
    column('Container-Runtime', 'ContainerRuntime Version reported by the node.', 'string', 1),
  ],
  row: (object, now) => {
    const info = object.status?.nodeInfo;
    const unknown = (text: string | undefined): string => (text === undefined || text === '' ? '<unknown>' : text);
    return { cells: [statusOf(object), rolesOf(object), ageOf(object.metadata.creationTimestamp, now), info?.kubeletVersion ?? '', addressOf(object, 'InternalIP'), addressOf(object, 'ExternalIP'), unknown(info?.osImage), unknown(info?.kernelVersion), unknown(info?.containerRuntimeVersion)] };
  },
});
