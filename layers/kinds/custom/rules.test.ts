import { describe, expect, it } from 'vitest';
import { compileSchema, type JsonSchema } from './json-schema.ts';
import { rulesOf } from './rules.ts';

const rule = (text: string, more: object = {}): { rule: string } => ({ rule: text, ...more });
const schema = (spec: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec } });
const validate = (root: JsonSchema, now: object, old?: object): string[] =>
  rulesOf(compileSchema(root))!
    .validate(now, old)
    .map(({ type, field, detail }) => `${type} ${field}: ${detail}`);

describe('rules of a schema', () => {
  it.each([
    [rule('self.min <= self.max'), { min: 3, max: 2 }, undefined, ['FieldValueInvalid spec: failed rule: self.min <= self.max']],
    [rule('self.min <= self.max', { message: 'upside down' }), { min: 3, max: 2 }, undefined, ['FieldValueInvalid spec: upside down']],
    [rule('self.min <= self.max', { messageExpression: '"min is " + string(self.min)' }), { min: 3, max: 2 }, undefined, ['FieldValueInvalid spec: min is 3']],
    [rule('self.min <= self.max', { messageExpression: '" "', message: 'plain' }), { min: 3, max: 2 }, undefined, ['FieldValueInvalid spec: plain']],
    [
      rule('self.min <= self.max', { reason: 'FieldValueForbidden', fieldPath: '.max' }),
      { min: 3, max: 2 },
      undefined,
      ['FieldValueForbidden spec.max: failed rule: self.min <= self.max'],
    ],
    [rule('self.min <= self.max'), { min: 1, max: 2 }, undefined, []],
    [rule('self.min == oldSelf.min'), { min: 2 }, undefined, []],
    [rule('self.min == oldSelf.min', { message: 'min is fixed' }), { min: 2 }, { min: 1 }, ['FieldValueInvalid spec: min is fixed']],
    [rule('oldSelf.hasValue() || self.min == 1', { optionalOldSelf: true }), { min: 2 }, undefined, ['FieldValueInvalid spec: failed rule: oldSelf.hasValue() || self.min == 1']],
    [
      rule('!oldSelf.hasValue() || oldSelf.value().min <= self.min', { optionalOldSelf: true }),
      { min: 0 },
      { min: 1 },
      ['FieldValueInvalid spec: failed rule: !oldSelf.hasValue() || oldSelf.value().min <= self.min'],
    ],
    [rule('10 / self.min > 1'), { min: 0 }, undefined, ['FieldValueInvalid spec: division by zero evaluating rule: 10 / self.min > 1']],
  ])('%o of %o after %o', (one, now, old, wanted) => {
    const root = schema({ type: 'object', properties: { min: { type: 'integer' }, max: { type: 'integer' } }, 'x-kubernetes-validations': [one] });
    expect(validate(root, { spec: now }, old === undefined ? undefined : { spec: old })).toEqual(wanted);
  });

  it('leave alone what was wrong before and did not change', () => {
    const root = schema({ type: 'object', properties: { a: { type: 'string', 'x-kubernetes-validations': [rule('self.startsWith("x")')] }, b: { type: 'string' } } });
    expect(validate(root, { spec: { a: 'old', b: 'new' } }, { spec: { a: 'old' } })).toEqual([]);
    expect(validate(root, { spec: { a: 'other' } }, { spec: { a: 'old' } })).toEqual(['FieldValueInvalid spec.a: failed rule: self.startsWith("x")']);
  });

  it('know items of lists of type map by their keys', () => {
    const root = schema({
      type: 'object',
      properties: {
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            properties: { name: { type: 'string' }, n: { type: 'integer' } },
            'x-kubernetes-validations': [rule('self.n >= oldSelf.n', { message: 'no way back' })],
          },
        },
      },
    });
    const now = {
      spec: {
        parts: [
          { name: 'new', n: 0 },
          { name: 'b', n: 1 },
        ],
      },
    };
    expect(validate(root, now, { spec: { parts: [{ name: 'b', n: 2 }] } })).toEqual(['FieldValueInvalid spec.parts[1]: no way back']);
  });

  it('see names that are no words, metadata, and maps', () => {
    const root: JsonSchema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { 'a-b': { type: 'string' }, labels: { type: 'object', additionalProperties: { type: 'string' } } } } },
      'x-kubernetes-validations': [rule('self.metadata.name == self.spec.a__dash__b'), rule('self.spec.labels.all(k, k.startsWith("x"))')],
    };
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, spec: { 'a-b': 'n', labels: { xa: '1' } } };
    expect(validate(root, object)).toEqual([]);
    expect(validate(root, { ...object, metadata: { name: 'm' } })).toEqual(['FieldValueInvalid <nil>: failed rule: self.metadata.name == self.spec.a__dash__b']);
  });
});
