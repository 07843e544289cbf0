/** Columns and cells that tables of many kinds have. */
import type { Container, PodSpec } from '#kinds/generated/types.ts';
import type { Column } from '#kinds/kind.ts';

export const AGE: Column = {
  name: 'Age',
  type: 'string',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
};

export const text = (name: string, description: string, priority?: 1): Column => ({ name, type: 'string', description, ...(priority === undefined ? {} : { priority }) });
export const integer = (name: string, description: string, priority?: 1): Column => ({ name, type: 'integer', description, ...(priority === undefined ? {} : { priority }) });

export const CONTAINERS: Column = text('Containers', 'Names of each container in the template.', 1);
export const IMAGES: Column = text('Images', 'Images referenced by each container in the template.', 1);

const join = (containers: readonly Container[] | undefined, field: 'name' | 'image'): string => (containers ?? []).map((container) => container[field] ?? '').join(',');

export const containerNames = (spec: PodSpec | undefined): string => join(spec?.containers, 'name');
export const containerImages = (spec: PodSpec | undefined): string => join(spec?.containers, 'image');

/** For kinds whose names are shown with more beside them: a kind that has this column fills it itself. */
export const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};
