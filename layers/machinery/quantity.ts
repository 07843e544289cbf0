/**
 * Quantities (apimachinery `api/resource`): exact decimals with the suffixes that manifests use. Kept as an integer of nano units, which
 * is the finest that Kubernetes keeps.
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** 10^-9 of a unit. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

/** The text that Kubernetes answers with for anything that is no quantity. */
export const QUANTITY_MESSAGE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

export class QuantityError extends Error {
  readonly code = 'QUANTITY';
  constructor() {
    super(QUANTITY_MESSAGE);
  }
}

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,9}))?$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n };
const NANO = 1_000_000_000n;
/** 2^63-1 units: larger values are cut to it, as in Kubernetes. */
const MAX_NANO = 9_223_372_036_854_775_807n * NANO;
const clamp = (nano: bigint): bigint => (nano > MAX_NANO ? MAX_NANO : nano < -MAX_NANO ? -MAX_NANO : nano);

/** Away from zero: precision that is lost is rounded up. */
const divideUp = (a: bigint, b: bigint): bigint => (a % b === 0n ? a / b : a >= 0n ? a / b + 1n : a / b - 1n);

/** @throws QuantityError */
export function parseQuantity(text: string): Quantity {
  const match = GRAMMAR.exec(text);
  if (match === null) throw new QuantityError();
  const [, sign, whole = '', fraction = '', suffix, exponent] = match;
  if (whole === '' && fraction === '') throw new QuantityError();
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const binary = suffix === undefined ? undefined : BINARY[suffix];
  if (binary !== undefined) return { nano: clamp(divideUp(digits * binary * NANO, 10n ** BigInt(fraction.length))), format: 'BinarySI' };
  const power = (exponent === undefined ? DECIMAL[suffix ?? '']! : Number(exponent)) - fraction.length + 9;
  // beyond any number that fits: the exponent alone must not cost memory
  const nano =
    power > 60
      ? digits === 0n
        ? 0n
        : digits > 0n
          ? MAX_NANO
          : -MAX_NANO
      : power < -60
        ? digits === 0n
          ? 0n
          : digits > 0n
            ? 1n
            : -1n
        : power >= 0
          ? digits * 10n ** BigInt(power)
          : divideUp(digits, 10n ** BigInt(-power));
  return { nano: clamp(nano), format: exponent === undefined ? 'DecimalSI' : 'DecimalExponent' };
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

/** The canonical text: the largest suffix that needs no fraction. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  // Kubernetes turns binary forms of fractions and of values under 1024 into decimal ones
  if (format === 'BinarySI' && size % NANO === 0n && size >= 1024n * NANO) {
    const units = size / NANO;
    for (const suffix of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const) if (units % BINARY[suffix]! === 0n) return `${sign}${units / BINARY[suffix]!}${suffix}`;
    return `${sign}${units}`;
  }
  for (const [suffix, power] of Object.entries(DECIMAL).toReversed()) {
    const unit = 10n ** BigInt(power + 9);
    if (size % unit === 0n) return `${sign}${size / unit}${format === 'DecimalExponent' ? (power === 0 ? '' : `e${power}`) : suffix}`;
  }
  return `${sign}${size}n`;
}

/** Written the same again and again: `100m`, `128Mi`. Bounded by starting over. */
const canonicals = new Map<string, string>();
const CANONICALS_KEPT = 4_096;
/** @throws QuantityError */
export function canonical(text: string): string {
  let form = canonicals.get(text);
  if (form === undefined) {
    form = formatQuantity(parseQuantity(text));
    if (canonicals.size >= CANONICALS_KEPT) canonicals.clear();
    canonicals.set(text, form);
  }
  return form;
}

export const compare = (a: Quantity, b: Quantity): number => (a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0);
export const add = (a: Quantity, b: Quantity): Quantity => ({ nano: clamp(a.nano + b.nano), format: a.nano === 0n ? b.format : a.format });
export const subtract = (a: Quantity, b: Quantity): Quantity => ({ nano: clamp(a.nano - b.nano), format: a.nano === 0n ? b.format : a.format });
/** Whole units, rounded up. */
export const value = ({ nano }: Quantity): bigint => divideUp(nano, NANO);
/** Thousandths, rounded up. */
export const milliValue = ({ nano }: Quantity): bigint => divideUp(nano, 1_000_000n);
export const ZERO: Quantity = { nano: 0n, format: 'DecimalSI' };
export const fromInteger = (units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity => ({ nano: BigInt(units) * NANO, format });
