/** Tables of custom resources (apiextensions `registry/customresource/tableconvertor`). */
import type { KubeObject } from '#machinery/object.ts';
import { age, parseTime } from '#machinery/time.ts';
import type { CustomResourceColumnDefinition } from '../generated/types.ts';
import type { Column, TableRow } from '../kind.ts';
import { AGE } from '../shared/columns.ts';
import { type JsonPath, JsonPathError, parseJsonPath, textOf } from './json-path.ts';

const CREATED: CustomResourceColumnDefinition = { name: 'Age', type: 'date', description: AGE.description, jsonPath: '.metadata.creationTimestamp' };
const NO_PATH: JsonPath = { find: () => [] };

function pathOf(text: string): JsonPath {
  try {
    return parseJsonPath(text);
  } catch (error) {
    // the definition was accepted with it: the cell stays empty
    if (error instanceof JsonPathError) return NO_PATH;
    throw error;
  }
}

/** `undefined`: a cell that is null. */
function cell(type: string, value: unknown, now: number): unknown {
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return value !== '' && parseTime(value) === undefined ? '<invalid>' : age(value, now);
    default:
      return value === null ? 'null' : textOf(value);
  }
}

export function columnsOf(definitions: readonly CustomResourceColumnDefinition[] | undefined): {
  readonly columns: readonly Column[];
  row(object: KubeObject, now: number): TableRow;
} {
  const wanted = definitions === undefined || definitions.length === 0 ? [CREATED] : definitions;
  const paths = wanted.map(({ jsonPath }) => pathOf(jsonPath));
  return {
    columns: wanted.map(({ name, type, format, description, jsonPath, priority }) => ({
      name,
      type: type as Column['type'],
      ...(format === undefined ? {} : { format }),
      description: description === undefined || description === '' ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
      ...(priority === undefined ? {} : { priority }),
    })),
    row: (object, now) => ({
      cells: paths.map((path, at) => {
        const [value] = path.find(object);
        return value === undefined ? null : cell(wanted[at]!.type, value, now);
      }),
    }),
  };
}
