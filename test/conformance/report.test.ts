import { expect, test } from 'vitest';
import { specResults, suiteFailures, summary } from './report.ts';
import { exactly } from './run.ts';

const spec = (name: string, State: string, message?: string, LeafNodeType = 'It') => ({
  LeafNodeType,
  LeafNodeText: name,
  ContainerHierarchyTexts: ['[sig-apps] Job'],
  State,
  RunTime: 1_260_000_000,
  ...(message === undefined ? {} : { Failure: { Message: message } }),
});
const report = [
  {
    SpecReports: [
      spec('runs', 'passed'),
      spec('breaks', 'failed', 'timed out | waiting\nfor more'),
      spec('left out', 'skipped'),
      spec('needs a GPU', 'skipped', 'no GPU'),
      spec('stops', 'interrupted'),
      spec('', 'failed', 'no node is ready', 'SynchronizedBeforeSuite'),
    ],
  },
];

test('specs that a filter left out are not counted; those that ran, broke or skipped themselves are', () => {
  expect(specResults(report)).toEqual([
    { name: '[sig-apps] Job breaks', outcome: 'failed', seconds: 1.3, why: 'timed out | waiting' },
    { name: '[sig-apps] Job needs a GPU', outcome: 'skipped', seconds: 1.3, why: 'no GPU' },
    { name: '[sig-apps] Job runs', outcome: 'passed', seconds: 1.3 },
    { name: '[sig-apps] Job stops', outcome: 'failed', seconds: 1.3, why: 'interrupted' },
  ]);
});

test('a failure outside all specs is told', () => {
  expect(suiteFailures(report)).toEqual(['SynchronizedBeforeSuite: no node is ready']);
});

test('the table counts by area and names what failed', () => {
  const text = summary(specResults(report));
  expect(text).toContain('| sig-apps | 1 | 2 | 1 |');
  expect(text).toContain('| [sig-apps] Job breaks | timed out \\| waiting |');
});

test('a list of names becomes a pattern of them alone', () => {
  const pattern = new RegExp(exactly(['[sig-apps] Job runs.', 'b']));
  expect(pattern.test('Kubernetes e2e suite [sig-apps] Job runs.')).toBe(true);
  expect(pattern.test('Kubernetes e2e suite [sig-apps] Job runs!')).toBe(false);
});
