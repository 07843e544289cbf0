/** Chance from a seed, so that a failure can be had again. */
export interface Chance {
  /** 0 up to and without `below`. */
  int(below: number): number;
  one<T>(list: readonly T[]): T;
  /** True so often of one time. */
  yes(probability: number): boolean;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for choosing test inputs. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return { int, one: (list) => list[int(list.length)]!, yes: (probability) => next() < probability };
}
