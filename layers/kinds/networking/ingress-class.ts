/** Ingress classes. */
import type { IngressClass } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, notSupported, required, tooLong } from '#machinery/field-error.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkImmutable, checkText } from '../shared/check.ts';
import { AGE, NAME, text } from '../shared/columns.ts';
import { checkDomainPath, checkTypedReference } from '../shared/reference.ts';

export const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
const CONTROLLER_LENGTH = 250;

export const ingressClass = behaviour<IngressClass>({
  defaults({ spec }) {
    if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if ((spec?.controller ?? '').length > CONTROLLER_LENGTH) errors.push(tooLong('spec.controller', CONTROLLER_LENGTH));
    checkDomainPath(errors, 'spec.controller', spec?.controller);
    const parameters = spec?.parameters;
    if (parameters === undefined) return errors;
    const field = 'spec.parameters';
    checkTypedReference(errors, field, parameters);
    const { scope, namespace } = parameters;
    if (scope === undefined) errors.push(required(`${field}.scope`));
    else if (scope === 'Namespace') {
      if (namespace === undefined) errors.push(required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"));
      else checkText(errors, `${field}.namespace`, namespace, isDNS1123Label(namespace));
    } else if (scope !== 'Cluster') errors.push(notSupported(`${field}.scope`, scope, ['Cluster', 'Namespace']));
    else if (namespace !== undefined) errors.push(forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'spec.controller', now.spec?.controller, old.spec?.controller);
    return errors;
  },
  columns: [NAME, text('Controller', 'Controller that is responsible for handling this class'), text('Parameters', 'A reference to a resource with additional parameters'), AGE],
  row: ({ metadata, spec }, now) => {
    const { apiGroup, kind, name } = spec?.parameters ?? {};
    return {
      cells: [
        `${metadata.name}${metadata.annotations?.[DEFAULT_CLASS] === 'true' ? ' (default)' : ''}`,
        spec?.controller ?? '',
        kind === undefined ? '<none>' : `${kind}${apiGroup === undefined || apiGroup === null ? '' : `.${apiGroup}`}/${name}`,
        age(metadata.creationTimestamp, now),
      ],
    };
  },
});
