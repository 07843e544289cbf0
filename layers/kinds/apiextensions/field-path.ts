/** Paths into a schema, as rules and selectable fields name their field (apiextensions `cel.ValidFieldPath`). */
import type { JsonSchema } from '../custom/json-schema.ts';

export interface SchemaPlace {
  /** As field errors print it: `spec.ports[http]`. */
  readonly path: string;
  /** The first name on the way. */
  readonly root: string;
  readonly schema: JsonSchema | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' };

/** @throws Error with what is wrong with the path */
export function schemaPlace(text: string, schema: JsonSchema, brackets: boolean): SchemaPlace {
  const tokens = text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/gs) ?? [];
  let at: JsonSchema | undefined = schema;
  let path = '';
  let root = '';
  const enter = (name: string): void => {
    if (at?.properties !== undefined) {
      const property: JsonSchema | undefined = Object.hasOwn(at.properties, name) ? at.properties[name] : undefined;
      if (property === undefined) throw new Error('does not refer to a valid field');
      path = path === '' ? name : `${path}.${name}`;
      at = property;
    } else if (at?.additionalProperties !== undefined) {
      path = `${path}[${name}]`;
      at = typeof at.additionalProperties === 'object' ? at.additionalProperties : undefined;
    } else throw new Error('does not refer to a valid field');
    if (root === '') root = name;
  };
  for (let next = 0; next < tokens.length; next++) {
    const token = tokens[next]!;
    if (token === '.') {
      const name = tokens[++next];
      if (name === undefined) throw new Error('unexpected end of JSON path');
      enter(name);
    } else if (token === '[') {
      if (!brackets) throw new Error('array notation is not allowed');
      const name = tokens[++next];
      if (name === undefined) throw new Error('unexpected end of JSON path');
      if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) throw new Error(`expected single quoted string but got ${name}`);
      enter(
        name.slice(1, -1).replaceAll(/\\(.)/gs, (all, char: string) => {
          const plain = ESCAPES[char];
          if (plain === undefined) throw new Error(`invalid string literal: invalid escape char ${all}`);
          return plain;
        }),
      );
      const end = tokens[++next];
      if (end === undefined) throw new Error('unexpected end of JSON path');
      if (end !== ']') throw new Error(`expected ] but got ${end}`);
    } else throw new Error(`expected [ or . but got: ${token}`);
  }
  return { path, root, schema: at };
}

export function isSchemaPlace(text: string, schema: JsonSchema): boolean {
  try {
    schemaPlace(text, schema, true);
    return true;
  } catch {
    return false;
  }
}
