/** Services. Addresses and ports are handed out by admission (service allocation); what comes of it is validated here. */
import type { Service } from '#kinds/generated/types.ts';
import type { FieldError } from '#machinery/field-error.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../../behaviour.ts';
import { AGE, text } from '../../shared/columns.ts';
import { mapText } from '../../shared/selector.ts';
import { dropDependentFields, normalizeClusterIPs, serviceDefaults } from './defaults.ts';
import { checkLoadBalancerStatus, validateService, validateServiceUpdate } from './validate.ts';

export function balancerAddresses(ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): readonly string[] {
  return [...new Set((ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((address) => address !== ''))].toSorted();
}

function externalAddresses({ spec, status }: Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return own.length > 0 ? own.join(',') : '<none>';
    case 'LoadBalancer':
      return [...balancerAddresses(status?.loadBalancer?.ingress), ...own].join(',') || '<pending>';
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText({ spec }: Service): string {
  const ports = spec?.ports ?? [];
  return ports.length === 0 ? '<none>' : ports.map(({ port, nodePort, protocol = '' }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`)).join(',');
}

export const service = behaviour<Service>({
  nameRule: 'label',
  createOnUpdate: true,
  defaults: serviceDefaults,
  prepareForCreate(object) {
    object.status = { loadBalancer: {} };
    normalizeClusterIPs(object, undefined);
  },
  prepareForUpdate(object, old) {
    normalizeClusterIPs(object, old);
    dropDependentFields(object, old);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings(object) {
    const found: string[] = [];
    if (object.spec?.type === 'ExternalName' && (object.spec.externalIPs ?? []).length > 0) found.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
    if (object.spec?.type !== 'ExternalName' && object.spec?.externalName) found.push('spec.externalName is ignored when spec.type is not "ExternalName"');
    if (object.spec?.sessionAffinity === 'ClientIP' && object.spec.clusterIP === 'None') found.push('spec.SessionAffinity is ignored for headless services');
    return found;
  },
  stored: {
    status: {
      prepareForUpdate(object, old) {
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate({ spec, status }) {
        const errors: FieldError[] = [];
        checkLoadBalancerStatus(errors, 'status.loadBalancer', status?.loadBalancer, spec?.type ?? 'ClusterIP');
        return errors;
      },
      resetFields: [['spec']],
    },
  },
  fields: { 'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '', 'spec.type': ({ spec }) => spec?.type ?? '' },
  columns: [
    text('Type', 'type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer.'),
    text('Cluster-IP', 'clusterIP is the IP address of the service and is usually assigned randomly.'),
    text('External-IP', 'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.'),
    text('Port(s)', 'The list of ports that are exposed by this service.'),
    AGE,
    text('Selector', 'Route service traffic to pods with label keys and values matching this selector.', 1),
  ],
  row: (object, now) => ({
    cells: [
      object.spec?.type ?? '',
      object.spec?.clusterIPs?.[0] ?? object.spec?.clusterIP ?? '<none>',
      externalAddresses(object),
      portsText(object),
      age(object.metadata.creationTimestamp, now),
      mapText(object.spec?.selector),
    ],
  }),
});
