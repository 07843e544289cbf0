import { describe, expect, test } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '#kinds/generated/types.ts';
import { cells, created, problems, updated } from '../testing/kinds.ts';
import { MANDATORY_LEVELS, MANDATORY_SCHEMAS } from './mandatory.ts';

const API = 'flowcontrol.apiserver.k8s.io/v1';
const schema = (spec: object, name = 'one'): FlowSchema => ({ apiVersion: API, kind: 'FlowSchema', metadata: { name }, spec: spec as FlowSchema['spec'] & object });
const level = (spec: object, name = 'one'): PriorityLevelConfiguration => ({
  apiVersion: API,
  kind: 'PriorityLevelConfiguration',
  metadata: { name },
  spec: spec as PriorityLevelConfiguration['spec'] & object,
});
const rule = {
  subjects: [{ kind: 'User', user: { name: 'jane' } }],
  resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] }],
};
const good = { priorityLevelConfiguration: { name: 'a' }, rules: [rule] };

describe('a flow schema', () => {
  test('default, table', () => {
    expect(created(schema(good)).spec?.matchingPrecedence).toBe(1000);
    expect(cells(schema(good))).toEqual(['a', 1000, '<none>', '10m', '?']);
  });
  test.each<[object, string[]]>([
    [good, []],
    [{ rules: [rule] }, ['spec.priorityLevelConfiguration.name: Required: must reference a priority level']],
    [{ ...good, matchingPrecedence: -1 }, ['spec.matchingPrecedence: Invalid: must be a positive value']],
    [{ ...good, matchingPrecedence: 1 }, ["spec.matchingPrecedence: Invalid: only the schema named 'exempt' may have matchingPrecedence 1"]],
    [{ ...good, matchingPrecedence: 10001 }, ['spec.matchingPrecedence: Invalid: must not be greater than 10000']],
    [{ ...good, distinguisherMethod: { type: 'ByColor' } }, ['spec.distinguisherMethod.type: NotSupported: supported values: "ByNamespace", "ByUser"']],
    [
      { ...good, rules: [{ subjects: [], resourceRules: [] }] },
      [
        'spec.rules[0].subjects: Required: subjects must contain at least one value',
        'spec.rules[0]: Required: at least one of resourceRules and nonResourceRules has to be non-empty',
      ],
    ],
    [
      { ...good, rules: [{ ...rule, subjects: [{ kind: 'User', group: { name: 'g' } }] }] },
      [
        "spec.rules[0].subjects[0].user: Required: user is required when subject kind is 'User'",
        "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      ],
    ],
    [
      { ...good, rules: [{ subjects: rule.subjects, nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['x', '/a*', '/a/*'] }] }] },
      [
        "spec.rules[0].nonResourceRules[0].verbs: Invalid: if '*' is present, must not specify other verbs",
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid: must start with slash',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid: wildcard can only do suffix matching',
      ],
    ],
  ])('%o', (spec, expected) => expect(problems(schema(spec))).toEqual(expected));
  test('those of the server stay as they are', () => {
    for (const [name, spec] of Object.entries(MANDATORY_SCHEMAS)) {
      expect(problems(schema(spec, name))).toEqual([]);
      expect(problems(schema({ ...spec, rules: [] }, name))).toEqual([`spec: Invalid: spec of '${name}' must equal the fixed value`]);
    }
  });
  test('a status has one condition of a type, and metadata stays', () => {
    const next = { ...schema(good), metadata: { name: 'one', labels: { a: 'b' } }, status: { conditions: [{ type: 'A' }, { type: 'A' }] } };
    const { object, problems: found } = updated(schema(good), next, 'status');
    expect(found).toEqual(['status.conditions[1].type: Duplicate']);
    expect(object.metadata.labels).toBeUndefined();
  });
});

describe('a priority level', () => {
  test('defaults, table', () => {
    const object = level({ type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } });
    expect(created(object).spec).toEqual({
      type: 'Limited',
      limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { type: 'Queue', queuing: { handSize: 8, queues: 64, queueLengthLimit: 50 } } },
    });
    expect(cells(object)).toEqual(['Limited', 30, 64, 8, 50, '10m']);
    expect(problems(object)).toEqual([]);
  });
  test.each<[object, string[]]>([
    [{}, ['spec.type: Required']],
    [{ type: 'Limited' }, ['spec.limited: Required: must not be empty when type is Limited']],
    [{ type: 'Exempt' }, ["spec.type: Invalid: must be 'Exempt' if and only if `name` is 'exempt'"]],
    [
      { type: 'Limited', limited: { limitResponse: { type: 'Queue' } } },
      ['spec.limited.limitResponse.queuing: Required: must not be empty if limited.limitResponse.type is Limited'],
    ],
    [
      { type: 'Limited', limited: { lendablePercent: 101, limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 2 } } } },
      [
        'spec.limited.lendablePercent: Invalid: must be between 0 and 100, inclusive',
        'spec.limited.limitResponse.queuing.handSize: Invalid: should not be greater than queues (1)',
      ],
    ],
    [
      { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { queues: 512, handSize: 8 } } } },
      ['spec.limited.limitResponse.queuing.handSize: Invalid: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60'],
    ],
  ])('%o', (spec, expected) => expect(problems(level(spec))).toEqual(expected));
  test('those of the server stay as they are, but for the shares of the exempt one', () => {
    for (const [name, spec] of Object.entries(MANDATORY_LEVELS)) expect(problems(level(spec, name))).toEqual([]);
    expect(problems(level({ type: 'Exempt', exempt: { lendablePercent: 50 } }, 'exempt'))).toEqual([]);
    expect(problems(level({ type: 'Limited', limited: { nominalConcurrencyShares: 6, limitResponse: { type: 'Reject' } } }, 'catch-all'))).toEqual([
      "spec: Invalid: spec of 'catch-all' must equal the fixed value",
    ]);
  });
});
