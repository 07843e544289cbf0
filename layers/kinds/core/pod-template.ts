/** Pod templates. */
import type { PodTemplate } from '#kinds/generated/types.ts';
import type { FieldError } from '#machinery/field-error.ts';
import { behaviour } from '../behaviour.ts';
import { containerImages, containerNames, text } from '../shared/columns.ts';
import { mapText } from '../shared/selector.ts';
import { podTemplateDefaults } from './pod/defaults.ts';
import { checkPodTemplate } from './pod/validate.ts';
import { specWarnings } from './pod/warnings.ts';

export const podTemplate = behaviour<PodTemplate>({
  defaults({ template }) {
    podTemplateDefaults(template);
  },
  validate({ template }) {
    const errors: FieldError[] = [];
    checkPodTemplate(errors, 'template', template);
    return errors;
  },
  warnings: ({ template }) => (template?.spec === undefined ? [] : specWarnings('template.spec', template.spec, template.metadata)),
  columns: [
    text('Containers', 'Names of each container in the template.'),
    text('Images', 'Images referenced by each container in the template.'),
    text('Pod Labels', 'The labels for the pod template.'),
  ],
  row: ({ template }) => ({ cells: [containerNames(template?.spec), containerImages(template?.spec), mapText(template?.metadata?.labels)] }),
});
