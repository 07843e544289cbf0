/** What a definition may say, in upstream's words (`apis/apiextensions/validation/validation_test.go`, `apiserver/schema/validation_test.go`). */
import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#kinds/generated/types.ts';
import { causeText } from '#machinery/status.ts';
import type { JsonSchema } from '../custom/json-schema.ts';
import { validateDefinition, validateDefinitionUpdate } from './validate.ts';

const OBJECT: JsonSchema = { type: 'object' };

function definition(
  schema: JsonSchema | undefined = OBJECT,
  version: Partial<CustomResourceDefinitionVersion> = {},
  spec: Partial<CustomResourceDefinition['spec']> = {},
): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'plurals.group.com' },
    spec: {
      group: 'group.com',
      scope: 'Cluster',
      names: { plural: 'plurals', singular: 'singular', kind: 'Plural', listKind: 'PluralList' },
      versions: [{ name: 'v1', served: true, storage: true, ...(schema === undefined ? {} : { schema: { openAPIV3Schema: schema } }), ...version }],
      conversion: { strategy: 'None' },
      ...spec,
    },
    status: { storedVersions: ['v1'], acceptedNames: { plural: '', kind: '' }, conditions: [] },
  };
}

const errors = (object: CustomResourceDefinition): string[] => validateDefinition(object).map(causeText);
const spec = (schema: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec: schema } });
const AT = 'spec.validation.openAPIV3Schema';
const SPEC = `${AT}.properties[spec]`;

describe('a definition', () => {
  it('is good', () => expect(errors(definition())).toEqual([]));

  it.each<[string, CustomResourceDefinition, string[]]>([
    [
      'no schema',
      { ...definition(), spec: { ...definition().spec, versions: [{ name: 'v1', served: true, storage: true }] } },
      ['spec.versions[0].schema.openAPIV3Schema: Required value'],
    ],
    ['another name', { ...definition(), metadata: { name: 'x' } }, ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group']],
    [
      'a group without a dot',
      { ...definition(OBJECT, {}, { group: 'group' }), metadata: { name: 'plurals.group' } },
      ['spec.group: Invalid value: "group": should be a domain with at least one dot'],
    ],
    ['an odd scope', definition(OBJECT, {}, { scope: 'Everywhere' }), ['spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"']],
    [
      'kinds that are one',
      definition(OBJECT, {}, { names: { plural: 'plurals', singular: 's', kind: 'Plural', listKind: 'Plural' } }),
      ['spec.names.listKind: Invalid value: "Plural": kind and listKind may not be the same'],
    ],
    [
      'no version to store',
      definition(OBJECT, { storage: false }),
      [
        'spec.versions: Invalid value: [{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]: must have exactly one version marked as storage version',
      ],
    ],
    [
      'unknown fields at large',
      definition(OBJECT, {}, { preserveUnknownFields: true }),
      ['spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'],
    ],
    [
      'a column without a type',
      definition(OBJECT, { additionalPrinterColumns: [{ name: 'A', type: '', jsonPath: '.a' }] }),
      ['spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string'],
    ],
    [
      'a column off its path',
      definition(OBJECT, { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: 'a' }] }),
      ['spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .'],
    ],
    [
      'a scale elsewhere',
      definition(OBJECT, { subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.y' } } }),
      ['spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec'],
    ],
    [
      'a webhook without a client',
      definition(OBJECT, {}, { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } }),
      ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook'],
    ],
    [
      'reviews nobody knows',
      definition(OBJECT, {}, { conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://example.com/x' }, conversionReviewVersions: ['v9'] } } }),
      ['spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'],
    ],
    [
      'a protected group',
      { ...definition(OBJECT, {}, { group: 'x.k8s.io' }), metadata: { name: 'plurals.x.k8s.io' } },
      [
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ],
    ],
    [
      'a warning without a reason',
      definition(OBJECT, { deprecationWarning: 'old' }),
      ['spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions'],
    ],
  ])('with %s', (_, object, wanted) => expect(errors(object)).toEqual(wanted));

  it.each<[string, JsonSchema, string[]]>([
    ['a field without a type', spec({}), [`${SPEC}.type: Required value: must not be empty for specified object fields`]],
    ['an array without items', spec({ type: 'array' }), [`${SPEC}.items: Required value: must be specified`]],
    ['no type at the root', {}, [`${AT}.type: Required value: must not be empty at the root`]],
    ['an unknown type', spec({ type: 'int' }), [`${SPEC}.type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string"`]],
    [
      'unique items',
      spec({ type: 'array', items: { type: 'string' }, uniqueItems: true }),
      [`${SPEC}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`],
    ],
    [
      'both kinds of properties',
      spec({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } }),
      [`${SPEC}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    [
      'a default that is none',
      spec({ type: 'object', properties: { a: { type: 'string', default: 1 } } }),
      [`${SPEC}.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"`],
    ],
    [
      'a default with more than there is',
      spec({ type: 'object', properties: { a: { type: 'string' } }, default: { b: 1 } }),
      [`${SPEC}.default: Invalid value: {"b":1}: must not have unknown fields`],
    ],
    [
      'a bad pattern',
      spec({ type: 'string', pattern: '+' }),
      [expect.stringContaining(`${SPEC}.pattern: Invalid value: "+": must be a valid regular expression, but isn't:`) as unknown as string],
    ],
    [
      'types inside anyOf',
      spec({ type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ type: 'object', properties: { a: { type: 'string' } } }] }),
      [`${SPEC}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural`, `${SPEC}.anyOf[0].type: Forbidden: must be empty to be structural`],
    ],
    [
      'a rule about what is not there',
      { type: 'object', anyOf: [{ required: ['a'], properties: { a: { minLength: 1 } } }] },
      [`${AT}.properties[a]: Required value: because it is defined in ${AT}.anyOf[0].properties[a]`],
    ],
    [
      'an int-or-string that keeps all',
      spec({ 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true }),
      [`${SPEC}.x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true`],
    ],
    [
      'metadata with labels',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      [`${AT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`],
    ],
    [
      'a map list without keys',
      spec({ type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } }),
      [`${SPEC}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
    ],
    [
      'a key that may be absent',
      spec({ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'], items: { type: 'object', properties: { a: { type: 'string' } } } }),
      [`${SPEC}.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`],
    ],
    [
      'an embedded text',
      spec({ type: 'string', 'x-kubernetes-embedded-resource': true }),
      [
        `${SPEC}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
        `${SPEC}.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true`,
      ],
    ],
    ['references', spec({ type: 'object', $ref: '#/x' }), [`${SPEC}.$ref: Forbidden: $ref is not supported`]],
    ['a list of schemas', spec({ type: 'array', items: [{ type: 'string' }] }), [`${SPEC}.items: Forbidden: items must be a schema object and not an array`]],
    [
      'a rule that is none',
      spec({ type: 'object', 'x-kubernetes-validations': [{ rule: '' }] }),
      [`${SPEC}.x-kubernetes-validations[0].rule: Required value: rule is not specified`],
    ],
    [
      'a rule of another type',
      spec({ type: 'object', 'x-kubernetes-validations': [{ rule: '1 + 1' }] }),
      [expect.stringContaining('cel expression must evaluate to a bool') as unknown as string],
    ],
    [
      'a rule about a field that is not there',
      spec({ type: 'object', 'x-kubernetes-validations': [{ rule: 'self.x == 1' }] }),
      [expect.stringContaining("undefined field 'x'") as unknown as string],
    ],
    [
      'a transition of a list that is atomic',
      spec({ type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.n == oldSelf.n' }] } }),
      [`${SPEC}.items.x-kubernetes-validations[0].rule: Invalid value: "self.n == oldSelf.n": oldSelf cannot be used on the uncorrelatable portion of the schema within ${SPEC}`],
    ],
    [
      'a rule without end',
      spec({ type: 'array', items: { type: 'array', items: { type: 'string' } }, 'x-kubernetes-validations': [{ rule: 'self.all(a, a.all(b, b.contains("x")))' }] }),
      [
        expect.stringContaining('contributed to estimated rule cost total') as unknown as string,
        expect.stringContaining('estimated rule cost exceeds budget by factor of more than 100x') as unknown as string,
        expect.stringContaining('estimated rule cost total for entire OpenAPIv3 schema exceeds budget') as unknown as string,
      ],
    ],
  ])('whose schema has %s', (_, schema, wanted) => expect(errors(definition(schema)).sort()).toEqual(wanted));

  it.each<[string, string, string[]]>([
    ['a text', '.spec.colour', []],
    ['something absent', '.spec.size', ['spec.selectableFields[0].jsonPath: Invalid value: ".spec.size": is an invalid path: does not refer to a valid field']],
    [
      'an object',
      '.spec',
      [
        'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      ],
    ],
    ['an item', ".spec['colour']", ['spec.selectableFields[0].jsonPath: Invalid value: ".spec[\'colour\']": is an invalid path: array notation is not allowed']],
  ])('selected by %s', (_, jsonPath, wanted) =>
    expect(errors(definition(spec({ type: 'object', properties: { colour: { type: 'string' } } }), { selectableFields: [{ jsonPath }] }))).toEqual(wanted),
  );

  it('keeps its group and plural, and once it is served its kind and scope', () => {
    const old = definition();
    const served = { ...old, status: { ...old.status!, conditions: [{ type: 'Established', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
    const now = definition(OBJECT, {}, { scope: 'Namespaced', names: { ...old.spec.names, kind: 'Other' } });
    expect(validateDefinitionUpdate(now, old).map(causeText)).toEqual([]);
    expect(validateDefinitionUpdate(now, served).map(causeText)).toEqual([
      'spec.scope: Invalid value: "Namespaced": field is immutable',
      'spec.names.kind: Invalid value: "Other": field is immutable',
    ]);
  });

  it('may keep what could not be made any more', () => {
    const old = definition(
      spec({ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'], items: { type: 'object', properties: { a: { type: 'string' } } } }),
    );
    expect(validateDefinition(old)).not.toEqual([]);
    expect(validateDefinitionUpdate(old, old).map(causeText)).toEqual([]);
  });

  it('may not lose a version that objects are stored in', () => {
    const old = { ...definition(), status: { ...definition().status!, storedVersions: ['v0', 'v1'] } };
    expect(errors(old)).toEqual([
      'status.storedVersions[0]: Invalid value: "v0": missing from spec.versions; v0 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v0 and removes v0 from status.storedVersions',
    ]);
  });
});
