/**
 * What callers of the CEL engine hold: options, a compiled expression, its errors. `compileCel` (cel.ts) makes one; `schemaType`
 * (schema-types.ts) turns an OpenAPI or structural schema into the type of a variable, `kindType` one of a built-in kind.
 */
import type { CelType } from './types.ts';

export interface CelOptions {
  /** What the expression may speak of. Values bound at evaluation are JSON, read as these types say. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** The types that the result may have, exactly: `dyn` is no bool. Any where absent. */
  readonly result?: readonly CelType[];
  /** Cost units (cel-go's) of one evaluation; 1,000,000 where absent, as Kubernetes' `PerCallLimit`. */
  readonly costLimit?: number;
  /** `Object{...}` and `JSONPatch{...}` may be made (mutating policies). */
  readonly mutation?: true;
}

export interface CelCost {
  readonly min: number;
  readonly max: number;
}

export interface CelResult {
  /** bool, string, null as they are; int as BigInt, double as number; what holds others as a value of the language. */
  readonly value: unknown;
  /** Units spent. */
  readonly cost: number;
  /** The value as JSON, numbers as numbers. */
  json(): unknown;
}

export interface CompiledCel {
  readonly expression: string;
  readonly type: CelType;
  /** Units that one evaluation may cost. */
  readonly limit: number;
  /** Variables that the expression names (`oldSelf`, `params`). */
  readonly references: ReadonlySet<string>;
  /** What it may cost by the limits of its variables' types. */
  readonly estimate: CelCost;
  /**
   * @param bindings by variable; one that is absent makes an error where it is used
   * @param budget units left to the caller, besides the limit of the call
   * @throws CelEvaluationError, CelCostError
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, budget?: number): CelResult;
}

/** The text is what Kubernetes puts behind `compilation failed: `: `ERROR: <input>:1:6: undefined field 'x'` and the lines that show the place. */
export class CelCompileError extends Error {
  readonly code = 'CEL_COMPILE';
}

/** `must evaluate to bool but got int` */
export class CelResultError extends CelCompileError {}

/** `no such key: x`, `division by zero`, ... */
export class CelEvaluationError extends Error {
  readonly code = 'CEL_EVALUATION';
}

/** The expression was stopped: it cost more than it may. */
export class CelCostError extends Error {
  readonly code = 'CEL_COST';
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}
