/** Whole numbers of 64 bits: what does not fit is an error. */
import { CelEvaluationError } from '../api.ts';
import { Duration, Timestamp, Uint } from '../values.ts';

export const MAX_INT = 2n ** 63n - 1n;
export const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;
/** Years 1 to 9999, in nanoseconds. */
const MIN_TIME = -62_135_596_800n * 1_000_000_000n;
const MAX_TIME = 253_402_300_799_999_999_999n;

const overflow = (): never => {
  throw new CelEvaluationError('integer overflow');
};

export const int = (value: bigint): bigint => (value > MAX_INT || value < MIN_INT ? overflow() : value);
export const uint = (value: bigint): Uint => (value > MAX_UINT || value < 0n ? overflow() : new Uint(value));
export const duration = (nanos: bigint): Duration => (nanos > MAX_INT || nanos < MIN_INT ? overflow() : new Duration(nanos));
export const timestamp = (nanos: bigint): Timestamp => {
  if (nanos > MAX_TIME || nanos < MIN_TIME) throw new CelEvaluationError('timestamp overflow');
  return new Timestamp(nanos);
};

export function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelEvaluationError('division by zero');
  return a / b;
}

export function modulo(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelEvaluationError('modulus by zero');
  return a % b;
}

export function intOfDouble(value: number): bigint {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) return overflow();
  return BigInt(Math.trunc(value));
}

export function uintOfDouble(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) return overflow();
  return new Uint(BigInt(Math.trunc(value)));
}

/** As Go's `strconv.FormatFloat(f, 'g', -1, 64)`. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Object.is(value, -0) ? '-0' : String(value);
}
