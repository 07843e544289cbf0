/** What an autoscaler looks at: the rules of each kind of metric. */
import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec, MetricStatus, MetricTarget } from '#kinds/generated/types.ts';
import { forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1123Label, isPathSegmentName } from '#machinery/names.ts';
import { checkResourceName, isExtended, isHugePages, isNative, quantityOf } from '../core/pod/validate-resources.ts';
import { type Errors, checkText } from '../shared/check.ts';
import { checkPathSegment } from '../shared/reference.ts';

const SOURCES = { Object: 'object', External: 'external', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource' } as const;
type SourceType = keyof typeof SOURCES;
const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGETS = ['Utilization', 'Value', 'AverageValue'];

/** What is wrong with `group/version`, if anything. */
function versionMessage(apiVersion: string, mayBeCore: boolean): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  return !mayBeCore && (parts.length < 2 || parts[0] === '') ? 'apiVersion must specify API group' : undefined;
}

/** `mayBeCore`: the version needs no group. */
export function checkObjectReference(errors: Errors, field: string, reference: Partial<CrossVersionObjectReference> | undefined, mayBeCore: boolean): void {
  checkPathSegment(errors, `${field}.kind`, reference?.kind);
  checkPathSegment(errors, `${field}.name`, reference?.name);
  const { apiVersion = '' } = reference ?? {};
  const message = versionMessage(apiVersion, mayBeCore);
  if (message !== undefined) errors.push(invalid(`${field}.apiVersion`, apiVersion, message));
}

function checkIdentifier(errors: Errors, field: string, { name }: Partial<MetricIdentifier>): void {
  if (!name) errors.push(required(`${field}.name`, 'must specify a metric name'));
  else checkText(errors, `${field}.name`, name, isPathSegmentName(name));
}

function checkTarget(errors: Errors, field: string, { type, value, averageValue, averageUtilization }: Partial<MetricTarget>): void {
  if (!type) errors.push(required(`${field}.type`, 'must specify a metric target type'));
  if (!TARGETS.includes(type ?? '')) errors.push(invalid(`${field}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue'));
  if (value !== undefined && quantityOf(value).nano <= 0n) errors.push(invalid(`${field}.value`, value, 'must be positive'));
  if (averageValue !== undefined && quantityOf(averageValue).nano <= 0n) errors.push(invalid(`${field}.averageValue`, averageValue, 'must be positive'));
  if (averageUtilization !== undefined && averageUtilization < 1) errors.push(invalid(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'));
}

function checkResourceTarget(errors: Errors, field: string, target: Partial<MetricTarget>): void {
  checkTarget(errors, field, target);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${field}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(forbidden(`${field}.averageValue`, 'may not set both a target raw value and a target utilization'));
}

function checkContainerResourceName(errors: Errors, field: string, name: string): void {
  if (['cpu', 'memory', 'ephemeral-storage'].includes(name)) return;
  if (!checkResourceName(errors, field, name)) return;
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalid(field, name, 'must be a standard resource for containers'));
  } else if (!isNative(name) && !isExtended(name)) errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
}

function checkSource(errors: Errors, field: string, type: SourceType, { object, external, pods, resource, containerResource }: MetricSpec): void {
  const at = `${field}.${SOURCES[type]}`;
  switch (type) {
    case 'Object':
      checkObjectReference(errors, `${at}.describedObject`, object!.describedObject, true);
      checkIdentifier(errors, `${at}.metric`, object!.metric ?? {});
      checkTarget(errors, `${at}.target`, object!.target ?? {});
      if (object!.target?.value === undefined && object!.target?.averageValue === undefined)
        errors.push(required(`${at}.target.averageValue`, 'must set either a target value or averageValue'));
      break;
    case 'External':
      checkIdentifier(errors, `${at}.metric`, external!.metric ?? {});
      checkTarget(errors, `${at}.target`, external!.target ?? {});
      if (external!.target?.value === undefined && external!.target?.averageValue === undefined)
        errors.push(required(`${at}.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
      if (external!.target?.value !== undefined && external!.target.averageValue !== undefined)
        errors.push(forbidden(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target'));
      break;
    case 'Pods':
      checkIdentifier(errors, `${at}.metric`, pods!.metric ?? {});
      checkTarget(errors, `${at}.target`, pods!.target ?? {});
      if (pods!.target?.averageValue === undefined) errors.push(required(`${at}.target.averageValue`, 'must specify a positive target averageValue'));
      break;
    case 'Resource':
      if (!resource!.name) errors.push(required(`${at}.name`, 'must specify a resource name'));
      checkResourceTarget(errors, `${at}.target`, resource!.target ?? {});
      break;
    case 'ContainerResource':
      if (!containerResource!.name) errors.push(required(`${at}.name`, 'must specify a resource name'));
      else checkContainerResourceName(errors, `${at}.name`, containerResource!.name);
      if (!containerResource!.container) errors.push(required(`${at}.container`, 'must specify a container'));
      else checkText(errors, `${at}.container`, containerResource!.container, isDNS1123Label(containerResource!.container));
      checkResourceTarget(errors, `${at}.target`, containerResource!.target ?? {});
      break;
  }
}

function checkMetric(errors: Errors, field: string, metric: MetricSpec): void {
  const { type } = metric as Partial<MetricSpec>;
  const known = TYPES.includes(type ?? '');
  if (!type) errors.push(required(`${field}.type`, 'must specify a metric source type'));
  if (!known) errors.push(notSupported(`${field}.type`, type ?? '', TYPES));
  const present = (Object.entries(SOURCES) as [SourceType, (typeof SOURCES)[SourceType]][]).filter(([, name]) => metric[name] !== undefined);
  if (present[0] !== undefined) checkSource(errors, field, present[0][0], metric);
  const expected = known ? SOURCES[type as SourceType] : undefined;
  if (expected !== undefined && metric[expected] === undefined) errors.push(required(`${field}.${expected}`, 'must populate information for the given metric source'));
  if (present.length !== 1) for (const [, name] of present) if (name !== expected) errors.push(forbidden(`${field}.${name}`, 'must populate the given metric source only'));
}

export function checkMetrics(errors: Errors, field: string, metrics: readonly MetricSpec[], minReplicas: number | undefined): void {
  metrics.forEach((metric, index) => checkMetric(errors, `${field}[${index}]`, metric));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(forbidden(field, 'must specify at least one Object or External metric to support scaling to zero replicas'));
}

/** `cpu: 10%/50%`, and so on; at most two. */
export function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const shown = 2;
  const texts = specs.slice(0, shown).map((spec, index) => {
    const status = statuses[index];
    const source = SOURCES[spec.type as SourceType];
    const target: Partial<MetricTarget> = source === undefined ? {} : (spec[source]?.target ?? {});
    const current = source === undefined ? undefined : status?.[source]?.current;
    const unknown = '<unknown>';
    switch (spec.type) {
      case 'External':
      case 'Object':
        return target.averageValue === undefined ? `${current?.value ?? unknown}/${target.value ?? '0'}` : `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
      case 'Pods':
        return `${current?.averageValue ?? unknown}/${target.averageValue ?? '0'}`;
      case 'Resource':
      case 'ContainerResource': {
        const name = spec.type === 'Resource' ? spec.resource?.name : spec.containerResource?.name;
        if (target.averageValue !== undefined) return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
        const used = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
        return `${name}: ${used}/${target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`;
      }
      default:
        return '<unknown type>';
    }
  });
  return specs.length > shown ? `${texts.join(', ')} + ${specs.length - shown} more...` : texts.join(', ');
}
