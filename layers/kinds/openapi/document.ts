/**
 * Documents are joins of parts: each path and each type is a run of bytes made beforehand, in JSON or in protobuf, so that
 * a document is served without parsing or holding any of it.
 */
import { createHash } from 'node:crypto';
import type { JsonObject } from '#machinery/object.ts';
import { Output } from '../codec/output.ts';
import { GNOSTIC, nest } from './gnostic.ts';
import type { Version } from './json.ts';

export type Format = 'json' | 'protobuf';

export interface OpenApiDocument {
  /** Of the content, the same for both forms: upper-case hexadecimal SHA-512, as in `?hash=`. */
  readonly hash: string;
  json(): Uint8Array;
  protobuf(): Uint8Array;
}

/** The parts of one document in one form. */
export interface Parts {
  readonly paths: readonly Uint8Array[];
  readonly schemas: readonly Uint8Array[];
}

const VERSION = 'v1.36.0';
const SECURITY_SCHEME = { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' };
const COMMA = Buffer.from(',');

const output = new Output();

/** One path or type: `"name":{...}`, or an entry of gnostic's list. */
export function part(name: string, value: JsonObject, role: 'path' | 'schema', version: Version, format: Format): Buffer {
  if (format === 'json') return Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  GNOSTIC[version][role](output, [name, value]);
  return output.take();
}

function joined(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.flatMap((bytes, index) => (index === 0 ? [bytes] : [COMMA, bytes]));
}

/** A field that holds the given bytes. */
function field(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  output.varint(content.reduce((sum, { length }) => sum + length, 0));
  output.varint((number << 3) | 2);
  return [output.take(), ...content];
}

function head(write: () => void): Buffer {
  write();
  return output.take();
}

export function assemble({ paths, schemas }: Parts, version: Version, format: Format): Uint8Array {
  if (format === 'json') {
    const [begin, middle, end] =
      version === 'v2'
        ? [
            '{"swagger":"2.0","info":{"title":"Kubernetes","version":"' + VERSION + '"},"paths":{',
            '},"definitions":{',
            `},"security":[{"BearerToken":[]}],"securityDefinitions":{"BearerToken":${JSON.stringify(SECURITY_SCHEME)}}}`,
          ]
        : [
            '{"openapi":"3.0.0","info":{"title":"Kubernetes","version":"' + VERSION + '"},"paths":{',
            '},"components":{"schemas":{',
            `},"securitySchemes":{"BearerToken":${JSON.stringify(SECURITY_SCHEME)}}}}`,
          ];
    return Buffer.concat([Buffer.from(begin), ...joined(paths), Buffer.from(middle), ...joined(schemas), Buffer.from(end)]);
  }
  const info = { title: 'Kubernetes', version: VERSION };
  if (version === 'v2') {
    const begin = head(() => GNOSTIC.v2.head(output, { swagger: '2.0', info }));
    const end = head(() => GNOSTIC.v2.head(output, { security: [{ BearerToken: [] }], securityDefinitions: { BearerToken: SECURITY_SCHEME } }));
    return Buffer.concat([begin, ...field(8, paths), ...field(9, schemas), end]);
  }
  const begin = head(() => GNOSTIC.v3.head(output, { openapi: '3.0.0', info }));
  const security = head(() => nest(7, GNOSTIC.v3.securitySchemes)(output, { BearerToken: SECURITY_SCHEME }));
  return Buffer.concat([begin, ...field(4, paths), ...field(5, [...field(1, schemas), security])]);
}

export const hashOf = (content: Uint8Array): string => createHash('sha512').update(content).digest('hex').toUpperCase();
