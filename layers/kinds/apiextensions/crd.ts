/** CustomResourceDefinitions. */
import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';
import { behaviour } from '../behaviour.ts';
import { conditionOf } from '../custom/conditions.ts';
import { knownFormat } from '../custom/json-schema.ts';
import { canonicalSchema } from './canonical.ts';
import { validateDefinition, validateDefinitionStatus, validateDefinitionUpdate } from './validate.ts';
import { anySchema } from './walk.ts';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
const HTTPS_PORT = 443;

function defaults({ spec, status }: CustomResourceDefinition): void {
  if (typeof spec !== 'object' || spec === null) return;
  spec.versions ??= [];
  for (const { schema } of spec.versions) if (schema?.openAPIV3Schema !== undefined) canonicalSchema(schema.openAPIV3Schema);
  const names = (spec.names ??= { plural: '', kind: '' });
  if (!names.singular && names.kind) names.singular = names.kind.toLowerCase();
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= HTTPS_PORT;
  if (status !== undefined && (status.storedVersions ?? []).length === 0) {
    const stored = spec.versions.find(({ storage }) => storage);
    if (stored !== undefined) status.storedVersions = [stored.name];
  }
}

/** The version that objects are stored in from now on is one that they may be stored in. */
function withStorage(object: CustomResourceDefinition, status: CustomResourceDefinitionStatus): CustomResourceDefinitionStatus {
  const stored = object.spec.versions.find(({ storage }) => storage)?.name;
  const known = status.storedVersions ?? [];
  return stored === undefined || known.includes(stored) ? status : { ...status, storedVersions: [...known, stored] };
}

function unknownFormats({ spec }: CustomResourceDefinition): readonly string[] {
  const found: string[] = [];
  // versions that are alike are looked at once
  for (const { schema } of spec.versions.filter(({ schema: one }, at) => at === 0 || !semanticEqual(one, spec.versions[0]!.schema))) {
    anySchema(schema?.openAPIV3Schema, ({ type = '', format = '' }) => {
      if (format !== '' && knownFormat(type, format) === '') found.push(format);
      return false;
    });
  }
  return found;
}

export const customResourceDefinition = behaviour<CustomResourceDefinition>({
  hasGeneration: true,
  ratchets: true,
  needsVersion: true,
  anyFinalizer: true,
  defaults,
  prepareForCreate(object) {
    object.status = withStorage(object, { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] });
  },
  prepareForUpdate(object, old) {
    object.status = withStorage(object, structuredClone(old.status ?? {}));
  },
  specChanged: (object, old) => !semanticEqual(object.spec, old.spec),
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  warnings(object, old) {
    const before = old === undefined ? [] : unknownFormats(old);
    return unknownFormats(object)
      .filter((format) => !before.includes(format))
      .map((format) => `unrecognized format ${JSON.stringify(format)}`);
  },
  // the first delete only marks: instances go before their definition does
  holds: (object) => conditionOf(object, 'Terminating') === undefined,
  prepareForDelete(object) {
    if (conditionOf(object, 'Terminating') !== undefined) return;
    const { metadata } = object;
    if (!(metadata.finalizers ?? []).includes(CLEANUP_FINALIZER)) metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP_FINALIZER];
    object.status = {
      ...object.status,
      conditions: [
        ...(object.status?.conditions ?? []),
        {
          type: 'Terminating',
          status: 'True',
          lastTransitionTime: metadata.deletionTimestamp!,
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
      ],
    };
  },
  stored: {
    status: {
      prepareForUpdate(object, old) {
        object.spec = old.spec;
      },
      validateUpdate: validateDefinitionStatus,
      resetFields: [['spec']],
    },
  },
});
