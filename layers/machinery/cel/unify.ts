/** Which type may stand for which (cel-go `checker/types.go`): assignability, and what type parameters stand for. */
import { type CelType, DYN, formatType } from './types.ts';

export type Mapping = ReadonlyMap<string, CelType>;
type Mutable = Map<string, CelType>;

const isDynamic = ({ kind }: CelType): boolean => kind === 'dyn' || kind === 'error';

function same(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  return a.kind === b.kind && formatType(a) === formatType(b);
}

function nullable({ kind }: CelType): boolean {
  return kind === 'null' || kind === 'opaque' || kind === 'object' || kind === 'timestamp' || kind === 'duration' || kind === 'dyn';
}

function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'parameter') return true;
  if (b.kind === 'dyn' || b.kind === 'parameter' || a.kind !== b.kind) return false;
  if (a.kind === 'list' && b.kind === 'list') return isEqualOrLessSpecific(a.element, b.element);
  if (a.kind === 'map' && b.kind === 'map') return isEqualOrLessSpecific(a.key, b.key) && isEqualOrLessSpecific(a.value, b.value);
  if (a.kind === 'opaque' && b.kind === 'opaque') return a.name === b.name && a.parameters.every((one, at) => isEqualOrLessSpecific(one, b.parameters[at]!));
  return a.kind === 'type' || same(a, b);
}

export const mostGeneral = (a: CelType, b: CelType): CelType => (isEqualOrLessSpecific(a, b) ? a : b);

/** True where `name` does not occur in `within`: a type may not hold itself. */
function absent(mapping: Mapping, name: string, within: CelType): boolean {
  switch (within.kind) {
    case 'parameter': {
      if (within.name === name) return false;
      const found = mapping.get(within.name);
      return found === undefined || absent(mapping, name, found);
    }
    case 'list':
      return absent(mapping, name, within.element);
    case 'map':
      return absent(mapping, name, within.key) && absent(mapping, name, within.value);
    case 'opaque':
      return within.parameters.every((one) => absent(mapping, name, one));
    case 'type':
      return within.of === undefined || absent(mapping, name, within.of);
    default:
      return true;
  }
}

/** Whether `type` may stand for the parameter, and whether something stands for it already. */
function substitution(mapping: Mutable, type: CelType, of: Extract<CelType, { kind: 'parameter' }>): { readonly valid: boolean; readonly known: boolean } {
  if (type.kind === 'parameter' && type.name === of.name) return { valid: true, known: true };
  const found = mapping.get(of.name);
  if (found !== undefined) {
    if (same(type, found)) return { valid: true, known: true };
    if (!assign(mapping, type, found)) return { valid: false, known: true };
    const general = mostGeneral(type, found);
    if (absent(mapping, of.name, general)) mapping.set(of.name, general);
    return { valid: true, known: true };
  }
  if (!absent(mapping, of.name, type)) return { valid: false, known: false };
  mapping.set(of.name, type);
  return { valid: true, known: false };
}

function assign(mapping: Mutable, a: CelType, b: CelType): boolean {
  if (b.kind === 'parameter') {
    const { valid, known } = substitution(mapping, a, b);
    if (valid) return true;
    if (known) return false;
  }
  if (a.kind === 'parameter') return substitution(mapping, b, a).valid;
  if (isDynamic(a) || isDynamic(b)) return true;
  if (a.kind === 'null') return nullable(b);
  if (b.kind === 'null') return nullable(a);
  if (a.kind === 'list') return b.kind === 'list' && assign(mapping, a.element, b.element);
  if (a.kind === 'map') return b.kind === 'map' && assign(mapping, a.key, b.key) && assign(mapping, a.value, b.value);
  if (a.kind === 'opaque') {
    if (b.kind !== 'opaque' || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
    return a.parameters.every((one, at) => assign(mapping, one, b.parameters[at]!));
  }
  if (a.kind === 'type') return b.kind === 'type';
  return a.kind === b.kind && same(a, b);
}

/** @returns the mapping with what was learned, or nothing where a type does not fit */
export function assignable(mapping: Mapping, types: readonly CelType[], to: readonly CelType[]): Mapping | undefined {
  if (types.length !== to.length) return undefined;
  const copy = new Map(mapping);
  return types.every((type, at) => assign(copy, type, to[at]!)) ? copy : undefined;
}

/** The type with parameters replaced by what stands for them; `final` makes the rest dynamic. */
export function substitute(mapping: Mapping, type: CelType, final: boolean): CelType {
  switch (type.kind) {
    case 'parameter': {
      const found = mapping.get(type.name);
      return found === undefined ? (final ? DYN : type) : substitute(mapping, found, final);
    }
    case 'list': {
      const element = substitute(mapping, type.element, final);
      return element === type.element ? type : { ...type, element };
    }
    case 'map': {
      const [key, value] = [substitute(mapping, type.key, final), substitute(mapping, type.value, final)];
      return key === type.key && value === type.value ? type : { ...type, key, value };
    }
    case 'opaque':
      return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map((one) => substitute(mapping, one, final)) };
    case 'type':
      return type.of === undefined ? type : { ...type, of: substitute(mapping, type.of, final) };
    default:
      return type;
  }
}
