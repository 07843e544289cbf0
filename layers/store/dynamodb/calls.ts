/** Each call to DynamoDB with a deadline, repeated with jitter while a repetition can help, and with an error that says what is wrong. */
import { ConditionalCheckFailedException, TransactionCanceledException, type CancellationReason, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsAdvice, awsProblem } from '#machinery/aws-problem.ts';
import type { Clock, Random } from '#machinery/clock.ts';
import { StoreThrottled, StoreUnavailable, StoreUnusable } from '../errors.ts';

/** Attempts of one call. With the waits between them at most 35 s, and 4 s where the answers are refusals. */
const ATTEMPTS = 10;
/** Waits between attempts double from here, up to the most (milliseconds); a random part of each is waited. */
const FIRST_WAIT = 15;
const LONGEST_WAIT = 1_000;
/** Who got no answer waits at least so long: the request it gave up is still being worked on, and another makes it worse. */
const AFTER_TIMEOUT = 500;

/** Errors after which the same request may do better. */
const PASSING: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
  'TransactionInProgressException',
  'InternalServerError',
  'ServiceUnavailable',
  'TimeoutError',
  'AbortError',
]);
/** Reasons of a cancelled transaction after which the same transaction may do better. */
const PASSING_REASONS: ReadonlySet<string> = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
const NETWORK: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export const reasonsOf = (error: unknown): readonly CancellationReason[] | undefined =>
  error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;

/** The condition of a write did not hold: an answer, not an accident. */
export function conditionFailed(error: unknown): boolean {
  return error instanceof ConditionalCheckFailedException || reasonsOf(error)?.some(({ Code }) => Code === 'ConditionalCheckFailed') === true;
}

function passes(error: unknown): boolean {
  const reasons = reasonsOf(error);
  if (reasons !== undefined) return reasons.some(({ Code }) => PASSING_REASONS.has(Code ?? '')) && !conditionFailed(error);
  const { name, code, $metadata } = error as { readonly name?: string; readonly code?: string; readonly $metadata?: { readonly httpStatusCode?: number } };
  return PASSING.has(name ?? '') || NETWORK.has(code ?? '') || ($metadata?.httpStatusCode ?? 0) >= 500;
}

const timedOut = (error: unknown): boolean => ['TimeoutError', 'AbortError'].includes((error as { readonly name?: string }).name ?? '');

export class Calls {
  readonly table: string;
  readonly #client: DynamoDBClient;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #attempt: number;
  #closed = false;

  constructor(client: DynamoDBClient, table: string, clock: Clock, random: Random, attempt: number) {
    this.#attempt = attempt;
    this.#client = client;
    this.table = table;
    this.#clock = clock;
    this.#random = random;
  }

  close(): void {
    this.#closed = true;
  }

  /** @throws StoreUnavailable the store was closed */
  check(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /**
   * The same request again and again until it is answered.
   * @throws what `conditionFailed` knows, as it came
   * @throws StoreUnavailable for all else; whether a write happened is then unknown
   */
  async send<Answer>(attempt: (client: DynamoDBClient, options: { readonly abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      this.check();
      try {
        return await attempt(this.#client, { abortSignal: AbortSignal.timeout(this.#attempt) });
      } catch (error) {
        if (conditionFailed(error)) throw error;
        if (tries === ATTEMPTS || !passes(error)) throw unavailable(error, this.table);
        await this.pause((timedOut(error) ? AFTER_TIMEOUT : 0) + this.#random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries));
      }
    }
  }
}

function unavailable(error: unknown, table: string): StoreUnavailable {
  const { name, message } = error as { readonly name?: string; readonly message?: string };
  const reasons = reasonsOf(error);
  const own = reasons?.map(({ Code, Message }) => Message ?? Code ?? '').join(', ') ?? message ?? name;
  // a cancelled transaction says why in its reasons
  const problem = reasons?.some(({ Code }) => Code === 'ThrottlingError' || Code === 'ProvisionedThroughputExceeded') === true ? 'throttled' : awsProblem(error);
  const text = `${awsAdvice(problem, `table ${table}`) ?? `table ${table} does not answer`}: ${own}`;
  if (problem === 'throttled') return new StoreThrottled(text, { cause: error });
  return problem === 'no-answer' || problem === 'other' ? new StoreUnavailable(text, { cause: error }) : new StoreUnusable(text, { cause: error });
}
