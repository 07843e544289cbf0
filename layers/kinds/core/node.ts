/** Nodes. */
import type { Node, Taint } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isLabelValue, isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkCIDR, familyOf } from '../shared/address.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkResourceValue } from './pod/validate-resources.ts';
import { checkTaintEffect } from './pod/validate-scheduling.ts';

function checkTaints(errors: Errors, taints: readonly Taint[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    // Kubernetes looks for them in the metadata, too
    const field = `metadata.taints[${index}]`;
    checkText(errors, `${field}.key`, taint.key ?? '', isQualifiedName(taint.key ?? ''));
    const messages = isLabelValue(taint.value ?? '');
    if (messages.length > 0) errors.push(invalid(`${field}.value`, taint.value, messages.join(';')));
    checkTaintEffect(errors, `${field}.effect`, taint.effect, false);
    const key = `${taint.key} ${taint.effect}`;
    if (seen.has(key)) errors.push({ ...duplicate(field, taint), detail: 'taints must be unique by key and effect pair' });
    seen.add(key);
  });
}

function checkCapacity(errors: Errors, { status }: Node): void {
  for (const part of ['capacity', 'allocatable'] as const)
    for (const [name, value] of Object.entries(status?.[part] ?? {})) checkResourceValue(errors, `status.${part}.${name}`, name, value);
}

function validate({ spec, ...rest }: Node): FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.taints !== undefined) checkTaints(errors, spec.taints);
  checkCapacity(errors, rest as Node);
  const ranges = spec?.podCIDRs ?? [];
  ranges.forEach((range, index) => checkCIDR(errors, `spec.podCIDRs[${index}]`, range));
  if (ranges.length > 1) {
    const families = new Set(ranges.map((range) => familyOf(range.slice(0, range.indexOf('/')))));
    if (families.size !== 2 || ranges.length > 2) errors.push(invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'));
    ranges.forEach((range, index) => {
      if (ranges.indexOf(range) < index) errors.push(duplicate(`spec.podCIDRs[${index}]`, range));
    });
  }
  return errors;
}

function validateUpdate(now: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  checkCapacity(errors, now);
  const seen: unknown[] = [];
  (now.status?.addresses ?? []).forEach((address, index) => {
    if (seen.some((other) => semanticEqual(other, address))) errors.push(duplicate(`status.addresses[${index}]`, address));
    seen.push(address);
  });
  if ((old.spec?.podCIDRs ?? []).length > 0 && !semanticEqual(now.spec?.podCIDRs, old.spec?.podCIDRs))
    errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (old.spec?.providerID && old.spec.providerID !== now.spec?.providerID)
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  return errors;
}

const ROLE = 'node-role.kubernetes.io/';

function rolesOf({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE) && key.length > ROLE.length) roles.add(key.slice(ROLE.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? '<none>' : [...roles].toSorted().join(',');
}

function statusOf({ spec, status }: Node): string {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (spec?.unschedulable === true) words.push('SchedulingDisabled');
  return words.join(',');
}

const addressOf = ({ status }: Node, type: string): string => (status?.addresses ?? []).find((address) => address.type === type)?.address ?? '<none>';

export const node = behaviour<Node>({
  keepsStatusOnCreate: true,
  defaults(object) {
    const { status, spec } = object;
    if (status?.capacity !== undefined && status.allocatable === undefined) status.allocatable = { ...status.capacity };
    // the old single range and the list are one field
    if (spec?.podCIDRs !== undefined && spec.podCIDRs.length > 0) spec.podCIDR = spec.podCIDRs[0]!;
    else if (spec?.podCIDR) spec.podCIDRs = [spec.podCIDR];
  },
  validate,
  validateUpdate,
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate,
      resetFields: [['spec']],
    },
  },
  fields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable === true) },
  columns: [
    text('Status', 'The status of the node'),
    text('Roles', 'The roles of the node'),
    AGE,
    text('Version', 'Kubelet Version reported by the node.'),
    text('Internal-IP', 'List of addresses reachable to the node.', 1),
    text('External-IP', 'List of addresses reachable to the node.', 1),
    text('OS-Image', 'OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).', 1),
    text('Kernel-Version', "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).", 1),
    text('Container-Runtime', 'ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).', 1),
  ],
  row: (object, now) => {
    const info = object.status?.nodeInfo;
    return {
      cells: [
        statusOf(object),
        rolesOf(object),
        age(object.metadata.creationTimestamp, now),
        info?.kubeletVersion ?? '',
        addressOf(object, 'InternalIP'),
        addressOf(object, 'ExternalIP'),
        info?.osImage || '<unknown>',
        info?.kernelVersion || '<unknown>',
        info?.containerRuntimeVersion || '<unknown>',
      ],
    };
  },
});
