/**
 * OpenAPI documents as protobuf: the messages of gnostic's openapiv2 and openapiv3, which is the only form that clients
 * take `/openapi/v2` in. Writers put a JSON value down from its end, as the output grows backwards.
 */
import type { JsonObject } from '#machinery/object.ts';
import type { Output } from '../codec/output.ts';

/** Writes a value as the content of a message. */
export type Content = (output: Output, value: unknown) => void;
/** Writes a value as a field: tag, length, content. */
type Field = Content;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const text =
  (number: number): Field =>
  (output, value) => {
    output.text(String(value));
    output.varint((number << 3) | BYTES);
  };
const flag =
  (number: number): Field =>
  (output, value) => {
    if (value !== true) return;
    output.varint(1);
    output.varint((number << 3) | VARINT);
  };
const integer =
  (number: number): Field =>
  (output, value) => {
    output.int64(Number(value));
    output.varint((number << 3) | VARINT);
  };
const double =
  (number: number): Field =>
  (output, value) => {
    output.double(Number(value));
    output.varint((number << 3) | FIXED64);
  };

export const nest =
  (number: number, content: Content): Field =>
  (output, value) => {
    const end = output.written;
    content(output, value);
    output.varint(output.written - end);
    output.varint((number << 3) | BYTES);
  };
const each =
  (field: Field): Field =>
  (output, value) => {
    for (const item of [...(value as readonly unknown[])].reverse()) field(output, item);
  };
/** Any: YAML text, of which JSON is a part. */
const any = (number: number): Field => nest(number, (output, value) => text(2)(output, `${JSON.stringify(value)}\n`));

/** An entry of what is a map in JSON and a list of named values in gnostic. */
const entry =
  (content: Content): Content =>
  (output, pair) => {
    const [name, value] = pair as [string, unknown];
    nest(2, content)(output, value);
    text(1)(output, name);
  };
const entries =
  (number: number, content: Content): Field =>
  (output, value) =>
    each(nest(number, entry(content)))(output, Object.entries(value as JsonObject));

/** An object whose known keys are fields; extensions go to `vendor`. The table is asked when it is used: shapes nest in themselves. */
const shape =
  (vendor: number, fields: () => Readonly<Record<string, Field>>): Content =>
  (output, value) => {
    const known = fields();
    for (const [key, item] of Object.entries(value as JsonObject).reverse()) {
      if (key.startsWith('x-')) nest(vendor, (inner, pair) => (any(2)(inner, (pair as [string, unknown])[1]), text(1)(inner, key)))(output, [key, item]);
      else known[key]?.(output, item);
    }
  };

const hasReference = (value: unknown): boolean => typeof value === 'object' && value !== null && '$ref' in value;

/* openapiv2 */

const schemaV2: Content = shape(31, () => SCHEMA_V2);
const additionalV2: Content = (output, value) => (typeof value === 'boolean' ? flag(2)(output, value) : nest(1, schemaV2)(output, value));
const SCHEMA_V2: Readonly<Record<string, Field>> = {
  $ref: text(1),
  format: text(2),
  title: text(3),
  description: text(4),
  default: any(5),
  multipleOf: double(6),
  maximum: double(7),
  exclusiveMaximum: flag(8),
  minimum: double(9),
  exclusiveMinimum: flag(10),
  maxLength: integer(11),
  minLength: integer(12),
  pattern: text(13),
  maxItems: integer(14),
  minItems: integer(15),
  uniqueItems: flag(16),
  maxProperties: integer(17),
  minProperties: integer(18),
  required: each(text(19)),
  enum: each(any(20)),
  additionalProperties: nest(21, additionalV2),
  type: nest(22, text(1)),
  items: nest(23, nest(1, schemaV2)),
  allOf: each(nest(24, schemaV2)),
  properties: nest(25, entries(1, schemaV2)),
  example: any(30),
};
const QUERY_V2 = { required: flag(1), in: text(2), description: text(3), name: text(4), type: text(6), format: text(7), uniqueItems: flag(20) };
const PATH_V2 = { required: flag(1), in: text(2), description: text(3), name: text(4), type: text(5), format: text(6), uniqueItems: flag(19) };
const BODY_V2 = { description: text(1), name: text(2), in: text(3), required: flag(4), schema: nest(5, schemaV2) };
const parameterV2: Content = (output, value) => {
  const place = (value as { in: string }).in;
  if (place === 'body')
    nest(
      1,
      nest(
        1,
        shape(6, () => BODY_V2),
      ),
    )(output, value);
  else if (place === 'path')
    nest(
      1,
      nest(
        2,
        nest(
          4,
          shape(22, () => PATH_V2),
        ),
      ),
    )(output, value);
  else
    nest(
      1,
      nest(
        2,
        nest(
          3,
          shape(23, () => QUERY_V2),
        ),
      ),
    )(output, value);
};
const RESPONSE_V2 = { description: text(1), schema: nest(2, nest(1, schemaV2)) };
const OPERATION_V2: Readonly<Record<string, Field>> = {
  tags: each(text(1)),
  summary: text(2),
  description: text(3),
  operationId: text(5),
  produces: each(text(6)),
  consumes: each(text(7)),
  parameters: each(nest(8, parameterV2)),
  responses: nest(
    9,
    entries(
      1,
      nest(
        1,
        shape(5, () => RESPONSE_V2),
      ),
    ),
  ),
  schemes: each(text(10)),
};
const operationV2 = shape(13, () => OPERATION_V2);
const PATH_ITEM_V2: Readonly<Record<string, Field>> = {
  get: nest(2, operationV2),
  put: nest(3, operationV2),
  post: nest(4, operationV2),
  delete: nest(5, operationV2),
  options: nest(6, operationV2),
  head: nest(7, operationV2),
  patch: nest(8, operationV2),
  parameters: each(nest(9, parameterV2)),
};

const INFO_V2 = { title: text(1), version: text(2), description: text(3) };
const API_KEY_V2 = { type: text(1), name: text(2), in: text(3), description: text(4) };
const SECURITY = entries(1, each(text(1)));
const HEAD_V2: Readonly<Record<string, Field>> = {
  swagger: text(1),
  info: nest(
    2,
    shape(7, () => INFO_V2),
  ),
  security: each(nest(12, SECURITY)),
  securityDefinitions: nest(
    13,
    entries(
      1,
      nest(
        2,
        shape(5, () => API_KEY_V2),
      ),
    ),
  ),
};

/* openapiv3 */

const referenceV3: Content = (output, value) => text(1)(output, (value as { $ref: string }).$ref);
const schemaOrReference: Content = (output, value) => (hasReference(value) ? nest(2, referenceV3)(output, value) : nest(1, schemaV3)(output, value));
const schemaV3: Content = shape(36, () => SCHEMA_V3);
const additionalV3: Content = (output, value) => (typeof value === 'boolean' ? flag(2)(output, value) : nest(1, schemaOrReference)(output, value));
/** gnostic has no default that is an object or a list. */
const defaultV3: Field = (output, value) => {
  if (typeof value === 'object') return;
  nest(33, typeof value === 'number' ? double(1) : typeof value === 'boolean' ? flag(2) : text(3))(output, value);
};
const SCHEMA_V3: Readonly<Record<string, Field>> = {
  nullable: flag(1),
  readOnly: flag(3),
  writeOnly: flag(4),
  example: any(7),
  deprecated: flag(8),
  title: text(9),
  multipleOf: double(10),
  maximum: double(11),
  exclusiveMaximum: flag(12),
  minimum: double(13),
  exclusiveMinimum: flag(14),
  maxLength: integer(15),
  minLength: integer(16),
  pattern: text(17),
  maxItems: integer(18),
  minItems: integer(19),
  uniqueItems: flag(20),
  maxProperties: integer(21),
  minProperties: integer(22),
  required: each(text(23)),
  enum: each(any(24)),
  type: text(25),
  allOf: each(nest(26, schemaOrReference)),
  oneOf: each(nest(27, schemaOrReference)),
  anyOf: each(nest(28, schemaOrReference)),
  not: nest(29, schemaV3),
  items: nest(30, nest(1, schemaOrReference)),
  properties: nest(31, entries(1, schemaOrReference)),
  additionalProperties: nest(32, additionalV3),
  default: defaultV3,
  description: text(34),
  format: text(35),
};
const PARAMETER_V3 = { name: text(1), in: text(2), description: text(3), required: flag(4), schema: nest(10, schemaOrReference) };
const parameterV3: Content = nest(
  1,
  shape(14, () => PARAMETER_V3),
);
const MEDIA_V3 = { schema: nest(1, schemaOrReference) };
const mediaTypes: Content = entries(
  1,
  shape(5, () => MEDIA_V3),
);
const REQUEST_V3 = { description: text(1), content: nest(2, mediaTypes), required: flag(3) };
const RESPONSE_V3 = { description: text(1), content: nest(3, mediaTypes) };
const OPERATION_V3: Readonly<Record<string, Field>> = {
  tags: each(text(1)),
  summary: text(2),
  description: text(3),
  operationId: text(5),
  parameters: each(nest(6, parameterV3)),
  requestBody: nest(
    7,
    nest(
      1,
      shape(4, () => REQUEST_V3),
    ),
  ),
  responses: nest(
    8,
    entries(
      2,
      nest(
        1,
        shape(5, () => RESPONSE_V3),
      ),
    ),
  ),
};
const operationV3 = shape(13, () => OPERATION_V3);
const PATH_ITEM_V3: Readonly<Record<string, Field>> = {
  get: nest(4, operationV3),
  put: nest(5, operationV3),
  post: nest(6, operationV3),
  delete: nest(7, operationV3),
  options: nest(8, operationV3),
  head: nest(9, operationV3),
  patch: nest(10, operationV3),
  parameters: each(nest(13, parameterV3)),
};
const INFO_V3 = { title: text(1), description: text(2), version: text(6) };
const SECURITY_SCHEME = { type: text(1), description: text(2), name: text(3), in: text(4) };
const HEAD_V3: Readonly<Record<string, Field>> = {
  openapi: text(1),
  info: nest(
    2,
    shape(7, () => INFO_V3),
  ),
};

/** What documents are put together from: each writes one value as a field of the message around it. */
export const GNOSTIC = {
  v2: {
    head: shape(16, () => HEAD_V2),
    /** In Paths. */
    path: nest(2, entry(shape(10, () => PATH_ITEM_V2))),
    /** In Definitions. */
    schema: nest(1, entry(schemaV2)),
  },
  v3: {
    head: shape(9, () => HEAD_V3),
    path: nest(1, entry(shape(14, () => PATH_ITEM_V3))),
    /** In Components' SchemasOrReferences. */
    schema: nest(1, entry(schemaOrReference)),
    securitySchemes: entries(
      1,
      nest(
        1,
        shape(9, () => SECURITY_SCHEME),
      ),
    ),
  },
} as const;
