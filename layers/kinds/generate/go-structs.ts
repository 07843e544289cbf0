/**
 * Reads the Go struct types, with their tags, out of a linked Go program (ELF, x86-64, not position independent): the
 * layouts are those of Go's `internal/abi` package (Type, StructType, StructField, Name).
 */

/** A field's Go type as far as JSON and protobuf care. */
export type GoType =
  | { readonly kind: 'bool' | 'string' | 'bytes' | 'any' | 'func' }
  | { readonly kind: 'int'; readonly bits: number; readonly signed: boolean; readonly name?: string }
  | { readonly kind: 'float'; readonly bits: number }
  | { readonly kind: 'pointer' | 'slice'; readonly of: GoType; readonly name?: string }
  | { readonly kind: 'map'; readonly of: GoType; readonly name?: string }
  | { readonly kind: 'struct'; readonly name: string };

export interface GoField {
  readonly name: string;
  readonly embedded: boolean;
  readonly type: GoType;
  /** The tag's parts by key: `json`, `protobuf`, `patchStrategy`, `patchMergeKey`. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface GoStruct {
  /** Package path, a dot, and the type's name: `k8s.io/api/core/v1.Pod`. */
  readonly name: string;
  readonly fields: readonly GoField[];
}

const KIND_MASK = 31;
const [BOOL, INT, INT64, UINT, UINT64, FLOAT32, FLOAT64, INTERFACE, MAP, POINTER, SLICE, STRING, STRUCT] = [1, 2, 6, 7, 11, 13, 14, 20, 21, 22, 23, 24, 25] as const;
const SIGNED_BITS = [64, 8, 16, 32, 64] as const;
/** TFlagUncommon, TFlagExtraStar. */
const [UNCOMMON, EXTRA_STAR] = [1, 2] as const;
const STRUCT_FIELD_SIZE = 24;

interface Section {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

function sections(elf: Buffer): Map<string, Section> {
  if (elf.toString('latin1', 1, 4) !== 'ELF' || elf[4] !== 2 || elf[5] !== 1) throw new Error('not a 64-bit little-endian ELF file');
  const table = Number(elf.readBigUInt64LE(40));
  const entrySize = elf.readUInt16LE(58);
  const count = elf.readUInt16LE(60);
  const header = (index: number): { name: number } & Section => {
    const at = table + index * entrySize;
    return {
      name: elf.readUInt32LE(at),
      address: Number(elf.readBigUInt64LE(at + 16)),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  };
  const strings = header(elf.readUInt16LE(62));
  const found = new Map<string, Section>();
  for (let index = 0; index < count; index++) {
    const { name, ...section } = header(index);
    const start = strings.offset + name;
    found.set(elf.toString('latin1', start, elf.indexOf(0, start)), section);
  }
  return found;
}

/** All struct types that have a field with a `json` tag and a package path for which `wanted` answers true. */
export function goStructs(elf: Buffer, wanted: (packagePath: string) => boolean): Map<string, GoStruct> {
  const all = sections(elf);
  const rodata = all.get('.rodata');
  const module = all.get('.go.module');
  if (rodata === undefined || module === undefined) throw new Error('not a Go program: .rodata or .go.module is missing');
  const end = rodata.address + rodata.size;
  const inside = (address: number): boolean => address >= rodata.address && address < end;
  const file = (address: number): number => address - rodata.address + rodata.offset;
  const pointer = (address: number): number => Number(elf.readBigUInt64LE(file(address)));
  const byte = (address: number): number => elf[file(address)]!;

  const varint = (address: number): { value: number; next: number } => {
    let value = 0;
    for (let shift = 0, at = address; ; shift += 7, at++) {
      const part = byte(at);
      value |= (part & 127) << shift;
      if (part < 128) return { value, next: at + 1 };
    }
  };
  const name = (address: number): { text: string; tag: string; embedded: boolean } => {
    const flags = byte(address);
    const length = varint(address + 1);
    const text = elf.toString('utf8', file(length.next), file(length.next) + length.value);
    if ((flags & 2) === 0) return { text, tag: '', embedded: (flags & 8) !== 0 };
    const tagLength = varint(length.next + length.value);
    return { text, tag: elf.toString('utf8', file(tagLength.next), file(tagLength.next) + tagLength.value), embedded: (flags & 8) !== 0 };
  };

  const typeName = (address: number): string => {
    const { text } = name(rodata.address + elf.readInt32LE(file(address + 40)));
    return (byte(address + 20) & EXTRA_STAR) === 0 ? text : text.slice(1);
  };
  /** Size of the kind's own part: the uncommon type, which holds the package path, follows it. */
  const OWN_SIZE: Readonly<Record<number, number>> = { [STRUCT]: 80, [POINTER]: 56, [SLICE]: 56, [MAP]: 104, [INTERFACE]: 80 };
  const packagePath = (address: number): string => {
    if ((byte(address + 20) & UNCOMMON) === 0) return '';
    const kind = byte(address + 23) & KIND_MASK;
    const offset = elf.readInt32LE(file(address + (OWN_SIZE[kind] ?? 48)));
    return offset === 0 ? '' : name(rodata.address + offset).text;
  };
  /** `k8s.io/api/core/v1.Pod`, or nothing for types without a name. */
  const fullName = (address: number): string | undefined => {
    const path = packagePath(address);
    return path === '' ? undefined : `${path}.${typeName(address).replace(/^.*\./, '')}`;
  };

  const type = (address: number): GoType => {
    const kind = byte(address + 23) & KIND_MASK;
    const named = fullName(address);
    const naming = named === undefined ? {} : { name: named };
    if (kind === BOOL) return { kind: 'bool' };
    if (kind === STRING) return { kind: 'string' };
    if (kind >= INT && kind <= INT64) return { kind: 'int', bits: SIGNED_BITS[kind - INT]!, signed: true, ...naming };
    if (kind >= UINT && kind <= UINT64) return { kind: 'int', bits: SIGNED_BITS[kind - UINT]!, signed: false, ...naming };
    if (kind === FLOAT32 || kind === FLOAT64) return { kind: 'float', bits: kind === FLOAT32 ? 32 : 64 };
    if (kind === POINTER) return { kind: 'pointer', of: type(pointer(address + 48)), ...naming };
    if (kind === SLICE) {
      const of = type(pointer(address + 48));
      return of.kind === 'int' && of.bits === 8 && !of.signed ? { kind: 'bytes' } : { kind: 'slice', of, ...naming };
    }
    if (kind === MAP) return { kind: 'map', of: type(pointer(address + 56)), ...naming };
    if (kind === STRUCT) return { kind: 'struct', name: named ?? typeName(address) };
    return { kind: kind === INTERFACE ? 'any' : 'func' };
  };

  // Names whose tag begins with `json:"`, found by the tag's text: flags, length, name, tag length, tag.
  const tagged = new Set<number>();
  const marker = Buffer.from('json:"');
  for (let at = elf.indexOf(marker, rodata.offset); at !== -1 && at < rodata.offset + rodata.size; at = elf.indexOf(marker, at + 1)) {
    const tagAddress = at - rodata.offset + rodata.address;
    for (const tagLengthBytes of [1, 2]) {
      for (let length = 1; length < 96; length++) {
        const start = tagAddress - tagLengthBytes - length - 2;
        if (byte(start + 1) !== length || (byte(start) & ~15) !== 0 || (byte(start) & 2) === 0) continue;
        tagged.add(start);
      }
    }
  }
  // Struct types: a slice header (pointer, length, capacity = length) at +56 that points at records whose names are tagged.
  const found = new Map<string, GoStruct>();
  for (let address = rodata.address; address + 80 < end; address += 8) {
    if ((byte(address + 23) & KIND_MASK) !== STRUCT) continue;
    const first = pointer(address + 56);
    const count = pointer(address + 64);
    if (!inside(first) || count < 1 || count > 200 || pointer(address + 72) !== count || !inside(first + count * STRUCT_FIELD_SIZE)) continue;
    let tags = false;
    for (let index = 0; index < count && !tags; index++) tags = tagged.has(pointer(first + index * STRUCT_FIELD_SIZE));
    if (!tags || (byte(address + 20) & UNCOMMON) === 0) continue;
    const path = packagePath(address);
    if (!wanted(path)) continue;
    const fields: GoField[] = [];
    for (let index = 0; index < count; index++) {
      const record = first + index * STRUCT_FIELD_SIZE;
      const { text, tag, embedded } = name(pointer(record));
      fields.push({ name: text, embedded, type: type(pointer(record + 8)), tags: parseTag(tag) });
    }
    const full = `${path}.${typeName(address).replace(/^.*\./, '')}`;
    found.set(full, { name: full, fields });
  }
  return found;
}

function parseTag(tag: string): Record<string, string> {
  const parts: Record<string, string> = {};
  for (const [, key, value] of tag.matchAll(/(\w+):"((?:[^"\\]|\\.)*)"/g)) parts[key!] = value!;
  return parts;
}
