/** The generated parts of the documents: an index, and one file of compressed segments that are read when they are asked for. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { Format } from './document.ts';
import type { Version } from './json.ts';
import type { CommonParameters } from './operations.ts';

/** Offset and length in the file, and the lengths of the parts once it is unpacked. */
export type Segment = readonly [number, number, readonly number[]];

export interface OpenApiIndex {
  /** The types by OpenAPI name, in the order of their parts. */
  readonly schemas: readonly string[];
  /** OpenAPI v3's documents by the key that the index of `/openapi/v3` has, with the types that each needs. */
  readonly documents: Readonly<Record<string, { readonly hash: string; readonly schemas: readonly number[] }>>;
  /** By `v2.json`, `v3.protobuf`, ... */
  readonly forms: Readonly<Record<string, { readonly schemas: Segment; readonly paths: Readonly<Record<string, Segment>> }>>;
  /** Types that every custom resource's document needs. */
  readonly always: readonly string[];
  readonly parameters: CommonParameters;
}

const folder = new URL('../generated/', import.meta.url);
let index: OpenApiIndex | undefined;

export const openApiIndex = (): OpenApiIndex => (index ??= JSON.parse(readFileSync(new URL('openapi.json', folder), 'utf8')) as OpenApiIndex);

/** Unpacked segments that nobody has thrown away yet: kubectl asks for several documents in a row. */
const unpacked = new Map<Segment, WeakRef<Buffer>>();

function parts(segment: Segment): Buffer[] {
  const [offset, length, lengths] = segment;
  let bytes = unpacked.get(segment)?.deref();
  if (bytes === undefined) {
    const packed = Buffer.allocUnsafe(length);
    const file = openSync(new URL('openapi.bin', folder), 'r');
    try {
      readSync(file, packed, 0, length, offset);
    } finally {
      closeSync(file);
    }
    bytes = brotliDecompressSync(packed);
    unpacked.set(segment, new WeakRef(bytes));
  }
  let at = 0;
  return lengths.map((size) => bytes.subarray(at, (at += size)));
}

export const schemaParts = (version: Version, format: Format): Buffer[] => parts(openApiIndex().forms[`${version}.${format}`]!.schemas);
export const pathParts = (key: string, version: Version, format: Format): Buffer[] => parts(openApiIndex().forms[`${version}.${format}`]!.paths[key]!);
