/** APIServices: which server answers for a group and version. */
import type { APIService } from '#kinds/generated/types.ts';
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, text } from '../shared/columns.ts';
import { checkText } from '../shared/check.ts';
import { LOCAL } from './available.ts';

const HTTPS_PORT = 443;
const MAX_PORT = 65_535;
const STATUSES = ['True', 'False', 'Unknown'];

function validate({ metadata, spec }: APIService): FieldError[] {
  const errors: FieldError[] = [];
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle, insecureSkipTLSVerify } = spec ?? {};
  const name = `${version}.${group}`;
  if (metadata.name !== name) errors.push(invalid('metadata.name', metadata.name ?? '', `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`));
  if (group === '' && version !== 'v1') errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') checkText(errors, 'spec.group', group, isDNS1123Subdomain(group));
  checkText(errors, 'spec.version', version, isDNS1035Label(version));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000) errors.push(invalid('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000'));
  if (versionPriority <= 0 || versionPriority > 1_000) errors.push(invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  const hasBundle = caBundle !== undefined && caBundle !== '';
  if (service === undefined) {
    if (hasBundle) errors.push(invalid('spec.caBundle', `${Buffer.from(caBundle, 'base64').byteLength} bytes`, 'local APIServices may not have a caBundle'));
    if (insecureSkipTLSVerify === true) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    return errors;
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'));
  if (!service.name) errors.push(required('spec.service.name'));
  const port = service.port ?? 0;
  if (port < 1 || port > MAX_PORT) errors.push(invalid('spec.service.port', port, 'port is not valid: must be between 1 and 65535, inclusive'));
  if (insecureSkipTLSVerify === true && hasBundle) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return errors;
}

function available({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (condition === undefined) return 'Unknown';
  return condition.status === 'True' || !condition.reason ? condition.status : `${condition.status} (${condition.reason})`;
}

export const apiService = behaviour<APIService>({
  needsVersion: true,
  anyFinalizer: true,
  nameRule: 'pathSegment',
  defaults({ spec }) {
    if (spec?.service !== undefined) spec.service.port ??= HTTPS_PORT;
  },
  prepareForCreate(object, { clock }) {
    if (object.spec?.service === undefined) object.status = { conditions: [LOCAL(clock.now())] };
  },
  validate,
  stored: {
    status: {
      prepareForUpdate(object, old) {
        const { managedFields, resourceVersion } = object.metadata;
        object.metadata = { ...old.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
        if (managedFields === undefined) delete object.metadata.managedFields;
        else object.metadata.managedFields = managedFields;
        if (old.spec === undefined) delete object.spec;
        else object.spec = old.spec;
      },
      validateUpdate: ({ status }) =>
        (status?.conditions ?? []).flatMap(({ status: value }, at) => (STATUSES.includes(value) ? [] : [notSupported(`status.conditions[${at}].status`, value, STATUSES)])),
      resetFields: [['spec'], ['metadata']],
    },
  },
  columns: [text('Service', 'The reference to the service that hosts this API endpoint.'), text('Available', 'Whether this service is available.'), AGE],
  row: (object, now) => ({
    cells: [
      object.spec?.service === undefined ? 'Local' : `${object.spec.service.namespace}/${object.spec.service.name}`,
      available(object),
      age(object.metadata.creationTimestamp, now),
    ],
  }),
});
