import { expect, test } from 'vitest';
import { builtInKinds } from '#kinds/registry.ts';
import type { StoredObject } from '#store/port.ts';
import type { StreamBody } from '../door.ts';
import { encodeList } from './list.ts';

const BODY_BYTES = 100_000;
const stored = (index: number): StoredObject => {
  const object = { metadata: { name: `n${index}` }, data: { k: 'x'.repeat(BODY_BYTES) } };
  return { key: { resource: 'configmaps', namespace: 'a', name: `n${index}` }, rv: index + 2, uid: `u${index}`, labels: {}, fields: {}, body: Buffer.from(JSON.stringify(object)) };
};

test('a long list goes out by the megabyte, no faster than the client takes it, and reads on only then', async () => {
  const kind = builtInKinds().byKind('', 'v1', 'ConfigMap')!;
  let read = 0;
  async function* rest(): AsyncGenerator<readonly StoredObject[]> {
    for (let part = 1; part < 4; part++) {
      read++;
      yield Array.from({ length: 20 }, (_, index) => stored(part * 20 + index));
    }
  }
  const result = { rv: 90, items: Array.from({ length: 20 }, (_, index) => stored(index)), rest, continue: '', remaining: undefined };
  const body = encodeList(kind, result, { as: '', media: 'json', pretty: false, version: 'v1' } as never, {} as never) as StreamBody;
  const pieces: Uint8Array[] = [];
  let drain: () => void = () => undefined;
  const ended = Promise.withResolvers<void>();
  body.start({
    write: (bytes) => {
      pieces.push(bytes);
      return false;
    },
    end: () => ended.resolve(),
    abort: () => ended.reject(new Error('aborted')),
    onDrain: (callback) => void (drain = callback),
    onClose: () => undefined,
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect([pieces.length, read]).toEqual([1, 0]);
  const state = { over: false };
  void ended.promise.then(() => (state.over = true));
  while (!state.over) {
    drain();
    await turn();
  }
  expect(Math.max(...pieces.map(({ byteLength }) => byteLength))).toBeLessThan((1 << 20) + BODY_BYTES + 1_000);
  const list = JSON.parse(Buffer.concat(pieces).toString()) as { readonly metadata: unknown; readonly items: readonly { readonly metadata: { readonly name: string } }[] };
  expect(list).toMatchObject({ kind: 'ConfigMapList', metadata: { resourceVersion: '90' } });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(Array.from({ length: 80 }, (_, index) => `n${index}`));
});
