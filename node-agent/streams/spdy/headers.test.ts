import { expect, test } from 'vitest';
import { headerReader, headerWriter } from './headers.ts';

test('what is written is read back, block after block', () => {
  const write = headerWriter();
  const read = headerReader();
  for (const headers of [new Map<string, string>(), new Map([['streamtype', 'data']]), new Map<string, string>(), new Map([['port', '8080']])])
    expect(read(write(headers))).toEqual(headers);
});

test("every block ends flushed, or Go's decompressor fails at the second", () => {
  const write = headerWriter();
  for (let times = 0; times < 3; times++) expect(write(new Map()).subarray(-4).toString('hex')).toBe('0000ffff');
});
