import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '#kinds/generated/types.ts';
import { nameDefinition } from './names.ts';

const definition = (names: Partial<CustomResourceDefinitionNames>, acceptedNames?: Partial<CustomResourceDefinitionNames>): CustomResourceDefinition =>
  ({ metadata: { name: 'x' }, spec: { names }, ...(acceptedNames === undefined ? {} : { status: { acceptedNames } }) }) as unknown as CustomResourceDefinition;
const accepted = (names: Partial<CustomResourceDefinitionNames>): CustomResourceDefinition => definition({}, names);

const OWN = { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList', shortNames: ['fo', 'f'] };

describe('the names of a definition', () => {
  it.each<[string, CustomResourceDefinition, CustomResourceDefinition[], object, object]>([
    ['are its own where nobody has them', definition(OWN), [], OWN, { status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }],
    [
      'are not those of which another has the plural',
      definition(OWN),
      [accepted({ plural: 'foos', kind: 'Other' })],
      { plural: '', singular: 'foo', kind: 'Foo', listKind: 'FooList', shortNames: ['fo', 'f'] },
      { status: 'False', reason: 'PluralConflict', message: '"foos" is already in use' },
    ],
    [
      'collide with short names, too',
      definition(OWN),
      [accepted({ plural: 'bars', kind: 'Bar', shortNames: ['foo'] })],
      { plural: 'foos', kind: 'Foo', listKind: 'FooList', shortNames: ['fo', 'f'] },
      { status: 'False', reason: 'SingularConflict', message: '"foo" is already in use' },
    ],
    [
      'have no short names where one of them is taken, all of which are named',
      definition(OWN),
      [accepted({ plural: 'f', singular: 'fo', kind: 'Bar' })],
      { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' },
      { status: 'False', reason: 'ShortNamesConflict', message: '["fo" is already in use, "f" is already in use]' },
    ],
    [
      'name the last conflict',
      definition(OWN),
      [accepted({ plural: 'foos', kind: 'Foo', listKind: 'FooList' })],
      { plural: '', singular: 'foo', kind: '', shortNames: ['fo', 'f'] },
      { status: 'False', reason: 'ListKindConflict', message: '"FooList" is already in use' },
    ],
    ['stay where they were accepted before another asked', definition(OWN, OWN), [accepted({ plural: 'foos', kind: 'Foo' })], OWN, { status: 'True', reason: 'NoConflicts' }],
    [
      'that change keep what was accepted while the new one is taken',
      definition({ ...OWN, singular: 'bar' }, OWN),
      [accepted({ plural: 'bar', kind: 'Bar' })],
      OWN,
      { status: 'False', reason: 'SingularConflict', message: '"bar" is already in use' },
    ],
    [
      'lose categories and short names that are no more wanted',
      definition({ plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' }, { ...OWN, categories: ['all'] }),
      [],
      { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' },
      { status: 'True' },
    ],
  ])('%s', (_what, one, others, names, condition) => {
    const named = nameDefinition(one, others);
    expect(named.names).toEqual(names);
    expect(named.condition).toMatchObject({ type: 'NamesAccepted', ...condition });
  });
});
