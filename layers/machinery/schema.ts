/**
 * A type of the Kubernetes API as data: what decoding, pruning, defaulting, strategic merge, server-side apply and the
 * protobuf codec need to know of it. Built-in kinds have theirs generated (kinds/generated), custom resources get theirs
 * from their OpenAPI schema. Types refer to each other by object identity, so that walks need no look-ups; cycles exist.
 */
export interface TypeSchema {
  readonly name: string;
  readonly type: 'object' | 'map' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'bytes' | 'quantity' | 'intOrString' | 'time' | 'microTime' | 'fieldsV1' | 'any';
  /** `integer`: int32 or int64, `number`: double. */
  readonly format?: 'int32' | 'int64' | 'double' | 'float';
  /** `object`: the fields by JSON name. */
  readonly fields?: ReadonlyMap<string, FieldSchema>;
  /** `map`: the type of the values; `array`: of the items. */
  readonly items?: TypeSchema;
  /** `object` and `map`: fields not named are kept (CRDs: x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean;
  /** `map` and `object`: `atomic` is replaced as a whole by server-side apply. */
  readonly mapType?: 'granular' | 'atomic';
  /** `array`: as the field's (below), for lists in lists and maps, which stand in no field (CRDs). */
  readonly listType?: 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** `array`: protobuf holds it as a message `{ repeated items = 1 }` (a named Go slice). */
  readonly wrapped?: true;
}

export interface FieldSchema {
  readonly name: string;
  readonly type: TypeSchema;
  readonly required: boolean;
  /** Server-side apply: how a list is merged; absent means atomic. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** A struct or map field that server-side apply replaces whole, although its type is granular elsewhere. */
  readonly mapType?: 'granular' | 'atomic';
  /** Strategic merge patch (kubernetes/api struct tags `patchStrategy`, `patchMergeKey`). */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
  /** The field's number in the protobuf message; absent where protobuf does not carry it. */
  readonly proto?: number;
  /** Numbers of the messages around it, outermost first, where Go embeds a struct and JSON shows its fields flat (`Volume.hostPath`: 2, 1). */
  readonly protoIn?: readonly number[];
  /** Go holds it by pointer: absent and zero differ. */
  readonly pointer?: true;
  /** Go writes it even when it is unset (no `omitempty`, or a struct held by value): `""`, `0`, `false`, `{}`, or null for lists, maps, pointers and times. */
  readonly always?: true;
  readonly enum?: readonly string[];
  /** The value that a list-map key takes where it is absent (`protocol: TCP`). */
  readonly default?: unknown;
}
