import fc from 'fast-check';
import { expect, test } from 'vitest';
import { add, canonical, compare, formatQuantity, isQuantity, milliValue, parseQuantity, subtract, value } from './quantity.ts';

test.each([
  ['0.5', '500m'],
  ['1024Mi', '1Gi'],
  ['1000m', '1'],
  ['1', '1'],
  ['100M', '100M'],
  ['1000k', '1M'],
  ['1.5Gi', '1536Mi'],
  ['0', '0'],
  ['-1', '-1'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['0.1n', '1n'],
  ['512', '512'],
  ['.5', '500m'],
  ['5.', '5'],
  ['0.5Ki', '512'],
  ['100m', '100m'],
  ['2Ki', '2Ki'],
  ['1Ei', '1Ei'],
  ['12e-3', '12e-3'],
  ['1025', '1025'],
  ['+1', '1'],
])('%s is written %s', (text, wanted) => expect(canonical(text)).toBe(wanted));

test.each(['', 'x', '1x', '1.2.3', '1 Gi', '1ki', '1KI', 'Gi', '--1', '1e', '1e1e1', '.', '1mi'])('%j is no quantity', (text) => expect(isQuantity(text)).toBe(false));

test('arithmetic is exact and rounds up where it must', () => {
  expect(formatQuantity(add(parseQuantity('100m'), parseQuantity('0.9')))).toBe('1');
  expect(formatQuantity(subtract(parseQuantity('1Gi'), parseQuantity('1Mi')))).toBe('1023Mi');
  expect(compare(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1);
  expect(milliValue(parseQuantity('1.0001'))).toBe(1001n);
  expect(value(parseQuantity('1500m'))).toBe(2n);
});

test('huge exponents cost nothing', () => {
  expect(value(parseQuantity('1e999999999'))).toBe(9_223_372_036_854_775_807n);
  expect(value(parseQuantity('1e-999999999'))).toBe(1n);
});

test('the canonical form means the same and is its own canonical form', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'e3'), (digits, suffix) => {
      const text = `${digits}${suffix}`;
      expect(canonical(canonical(text))).toBe(canonical(text));
      expect(compare(parseQuantity(canonical(text)), parseQuantity(text))).toBe(0);
    }),
    { numRuns: 300 },
  );
});
