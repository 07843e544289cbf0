/** What calls of AWS cost: us-east-1, on demand, arm64, without free tiers. Dollars. */

const MILLION = 1e6;
/** For each 1 KB written, and each 4 KB read strongly consistent; half of that otherwise. */
export const WRITE_UNIT = 0.625 / MILLION;
export const READ_UNIT = 0.125 / MILLION;
export const SQS_REQUEST = 0.4 / MILLION;
export const LAMBDA_REQUEST = 0.2 / MILLION;
export const LAMBDA_GB_SECOND = 0.0000133334;
/** A REST API's; streamed answers count one for each started 10 MB. */
export const GATEWAY_REQUEST = 3.5 / MILLION;

/** One call, as the ledger keeps it. */
export interface Call {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who asked: a function, an agent, `event-source-mapping` for the pollers that are AWS' own. */
  readonly by: string;
  readonly service: 'dynamodb' | 'sqs' | 'lambda' | 'apigateway' | 'other';
  readonly action: string;
  /** Of DynamoDB. */
  readonly writeUnits?: number;
  readonly readUnits?: number;
  /** Of a function. */
  readonly gbSeconds?: number;
}

/** Pollers of event source mappings are charged for what they ask of SQS, not for reading a table's stream. */
export const POLLERS = 'event-source-mapping';

export function priceOf(call: Call): number {
  switch (call.service) {
    case 'dynamodb':
      return (call.writeUnits ?? 0) * WRITE_UNIT + (call.readUnits ?? 0) * READ_UNIT;
    case 'sqs':
      return SQS_REQUEST;
    case 'lambda':
      return LAMBDA_REQUEST + (call.gbSeconds ?? 0) * LAMBDA_GB_SECOND;
    case 'apigateway':
      return GATEWAY_REQUEST;
    case 'other':
      return 0;
  }
}

export interface Bill {
  /** By service and action, the most frequent first. */
  readonly calls: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly sqsRequests: number;
  readonly invocations: number;
  readonly gbSeconds: number;
  readonly dollars: number;
}

export function billOf(calls: readonly Call[]): Bill {
  const counts = new Map<string, number>();
  for (const { service, action } of calls) counts.set(`${service} ${action}`, (counts.get(`${service} ${action}`) ?? 0) + 1);
  const sum = (value: (call: Call) => number): number => calls.reduce((total, call) => total + value(call), 0);
  return {
    calls: new Map(Array.from(counts).sort(([, a], [, b]) => b - a)),
    requests: calls.length,
    writeUnits: sum(({ writeUnits = 0 }) => writeUnits),
    readUnits: sum(({ readUnits = 0 }) => readUnits),
    sqsRequests: sum(({ service }) => (service === 'sqs' ? 1 : 0)),
    invocations: sum(({ service }) => (service === 'lambda' ? 1 : 0)),
    gbSeconds: sum(({ gbSeconds = 0 }) => gbSeconds),
    dollars: sum(priceOf),
  };
}
