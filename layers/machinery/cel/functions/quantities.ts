/** `quantity`, `semver` and their methods (apiserver `pkg/cel/library`). */
import { add, compare, fromInteger, formatQuantity, isQuantity, parseQuantity, type Quantity, QuantityError, subtract } from '../../quantity.ts';
import { CelEvaluationError } from '../api.ts';
import { Opaque } from '../values.ts';
import { overload, type Overload } from './declare.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};
const NANO = 1_000_000_000n;

class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compare(this.quantity, other.quantity) === 0;
  }
  override toJson(): string {
    return formatQuantity(this.quantity);
  }
}

function quantityOf(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return fail(error.message);
    throw error;
  }
}

const order = (a: QuantityValue, b: QuantityValue): number => compare(a.quantity, b.quantity);

const quantities: readonly Overload[] = [
  overload('string_to_quantity', 'quantity(string): kubernetes.Quantity', quantityOf),
  overload('is_quantity_string', 'isQuantity(string): bool', isQuantity),
  overload('quantity_sign', 'kubernetes.Quantity->sign(): int', ({ quantity: { nano } }: QuantityValue) => (nano > 0n ? 1n : nano < 0n ? -1n : 0n)),
  overload('quantity_is_greater_than', 'kubernetes.Quantity->isGreaterThan(kubernetes.Quantity): bool', (a: QuantityValue, b: QuantityValue) => order(a, b) > 0),
  overload('quantity_is_less_than', 'kubernetes.Quantity->isLessThan(kubernetes.Quantity): bool', (a: QuantityValue, b: QuantityValue) => order(a, b) < 0),
  overload('quantity_compare_to', 'kubernetes.Quantity->compareTo(kubernetes.Quantity): int', (a: QuantityValue, b: QuantityValue) => BigInt(order(a, b))),
  overload('quantity_get_float', 'kubernetes.Quantity->asApproximateFloat(): double', ({ quantity: { nano } }: QuantityValue) => Number(nano) / 1e9),
  overload('quantity_get_int', 'kubernetes.Quantity->asInteger(): int', ({ quantity: { nano } }: QuantityValue) =>
    nano % NANO === 0n ? nano / NANO : fail('cannot convert value to integer'),
  ),
  overload('quantity_is_integer', 'kubernetes.Quantity->isInteger(): bool', ({ quantity: { nano } }: QuantityValue) => nano % NANO === 0n),
  overload(
    'quantity_add',
    'kubernetes.Quantity->add(kubernetes.Quantity): kubernetes.Quantity',
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(add(a.quantity, b.quantity)),
  ),
  overload('quantity_add_int', 'kubernetes.Quantity->add(int): kubernetes.Quantity', (a: QuantityValue, b: bigint) => new QuantityValue(add(a.quantity, fromInteger(b)))),
  overload(
    'quantity_sub',
    'kubernetes.Quantity->sub(kubernetes.Quantity): kubernetes.Quantity',
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(subtract(a.quantity, b.quantity)),
  ),
  overload('quantity_sub_int', 'kubernetes.Quantity->sub(int): kubernetes.Quantity', (a: QuantityValue, b: bigint) => new QuantityValue(subtract(a.quantity, fromInteger(b)))),
];

/** Semantic Versioning 2.0.0, with the numbers of 64 bits that Kubernetes' parser takes. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;
const MAX_PART = 2n ** 64n;

class Semver extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  readonly text: string;
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[], text: string) {
    super();
    this.numbers = numbers;
    this.pre = pre;
    this.text = text;
  }
  equals(other: Opaque): boolean {
    return other instanceof Semver && this.compare(other) === 0;
  }
  override toJson(): string {
    return this.text;
  }
  compare(other: Semver): number {
    for (const [at, mine] of this.numbers.entries()) {
      const theirs = other.numbers[at]!;
      if (mine !== theirs) return mine > theirs ? 1 : -1;
    }
    if (this.pre.length === 0 || other.pre.length === 0) return Number(this.pre.length === 0) - Number(other.pre.length === 0);
    for (let at = 0; at < Math.max(this.pre.length, other.pre.length); at++) {
      const [mine, theirs] = [this.pre[at], other.pre[at]];
      if (mine === undefined || theirs === undefined) return mine === undefined ? -1 : 1;
      if (mine === theirs) continue;
      const numeric = [mine, theirs].map((one) => /^\d+$/.test(one));
      if (numeric[0] && numeric[1]) return BigInt(mine) > BigInt(theirs) ? 1 : -1;
      if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
      return mine > theirs ? 1 : -1;
    }
    return 0;
  }
}

/** Without a leading `v` and leading zeros, and with the numbers that are missing. */
function normalize(text: string): string | undefined {
  const parts = text.replace(/^v/, '').split('.');
  const three = [parts[0]!, ...(parts.length > 1 ? [parts[1]!] : []), ...(parts.length > 2 ? [parts.slice(2).join('.')] : [])].map((part) => {
    if (part.length <= 1) return part;
    const stripped = part.replace(/^0+/, '');
    return /^\d/.test(stripped) ? stripped : `0${stripped}`;
  });
  if (three.length < 3 && /[+-]/.test(three.at(-1)!)) return undefined;
  while (three.length < 3) three.push('0');
  return three.join('.');
}

function readSemver(text: string, tolerant: boolean): Semver | undefined {
  const normal = tolerant ? normalize(text) : text;
  const match = normal === undefined ? null : SEMVER.exec(normal);
  if (match === null) return undefined;
  const numbers = [BigInt(match[1]!), BigInt(match[2]!), BigInt(match[3]!)] as const;
  return numbers.some((one) => one >= MAX_PART) ? undefined : new Semver(numbers, match[4]?.split('.') ?? [], normal!);
}

function semverOf(text: string, tolerant = false): Semver {
  const found = readSemver(text, tolerant);
  if (found !== undefined) return found;
  if (text === '') return fail('Version string empty');
  return fail(text.split('.').length < 3 ? 'No Major.Minor.Patch elements found' : `Invalid character(s) found in version ${JSON.stringify(text)}`);
}

const part = (at: 0 | 1 | 2) => (version: Semver) => version.numbers[at];

const semvers: readonly Overload[] = [
  overload('string_to_semver', 'semver(string): kubernetes.Semver', semverOf),
  overload('string_bool_to_semver', 'semver(string, bool): kubernetes.Semver', semverOf),
  overload('is_semver_string', 'isSemver(string): bool', (text: string) => readSemver(text, false) !== undefined),
  overload('is_semver_string_bool', 'isSemver(string, bool): bool', (text: string, tolerant: boolean) => readSemver(text, tolerant) !== undefined),
  overload('semver_is_greater_than', 'kubernetes.Semver->isGreaterThan(kubernetes.Semver): bool', (a: Semver, b: Semver) => a.compare(b) > 0),
  overload('semver_is_less_than', 'kubernetes.Semver->isLessThan(kubernetes.Semver): bool', (a: Semver, b: Semver) => a.compare(b) < 0),
  overload('semver_compare_to', 'kubernetes.Semver->compareTo(kubernetes.Semver): int', (a: Semver, b: Semver) => BigInt(a.compare(b))),
  overload('semver_major', 'kubernetes.Semver->major(): int', part(0)),
  overload('semver_minor', 'kubernetes.Semver->minor(): int', part(1)),
  overload('semver_patch', 'kubernetes.Semver->patch(): int', part(2)),
];

export const QUANTITIES: readonly Overload[] = [...quantities, ...semvers];
