/** Requests to SQS with a deadline, repeated with jitter; batches whose failed entries are sent again alone. */
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { Clock, Random } from '#machinery/clock.ts';

/** Milliseconds. A long poll takes up to 20 s by itself. */
const CONNECT = 1_000;
const REQUEST = 25_000;
const ATTEMPTS = 6;
const FIRST_WAIT = 25;
const LONGEST_WAIT = 2_000;
/** Entries in one request. */
const BATCH = 10;

/** SQS did not take or answer a request, also after repetitions. What was asked may have happened. */
export class QueueUnavailable extends Error {
  readonly code = 'QUEUE_UNAVAILABLE';
}

/** Region, credentials and endpoint come from the environment where they are not given. */
export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  return new SQSClient({
    maxAttempts: 1,
    // the host in a queue's URL is not always the one that can be reached
    useQueueUrlAsEndpoint: false,
    requestHandler: { connectionTimeout: CONNECT, requestTimeout: REQUEST, throwOnRequestTimeout: true },
    ...config,
  });
}

/** The receipt is of an earlier hand-out, or the message is gone. */
export const staleReceipt = (code: string | undefined): boolean => /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/.test(code ?? '');
export const nameOf = (error: unknown): string => (error as { readonly name?: string }).name ?? '';
export const isStale = (error: unknown): boolean => staleReceipt(nameOf(error));

const PASSING = /Throttl|RequestLimitExceeded|OverLimit|ServiceUnavailable|InternalError|InternalFailure|TimeoutError|ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN/;
function passes(error: unknown): boolean {
  const { name = '', code = '', $metadata } = error as { readonly name?: string; readonly code?: string; readonly $metadata?: { readonly httpStatusCode?: number } };
  return PASSING.test(`${name} ${code}`) || ($metadata?.httpStatusCode ?? 0) >= 500;
}

export class Requests {
  readonly client: SQSClient;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(client: SQSClient, clock: Clock, random: Random) {
    this.client = client;
    this.#clock = clock;
    this.#random = random;
  }

  /** @throws QueueUnavailable; a stale receipt as it came */
  async send<Answer>(attempt: (client: SQSClient) => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(this.client);
      } catch (error) {
        if (isStale(error)) throw error;
        if (tries === ATTEMPTS || !passes(error)) throw new QueueUnavailable(`SQS does not answer: ${nameOf(error)}: ${(error as Error).message}`, { cause: error });
        await this.#pause(tries);
      }
    }
  }

  /** Sends entries ten at a time; those that fail for a passing reason go again, alone. */
  async batches<Entry>(
    entries: readonly Entry[],
    attempt: (
      client: SQSClient,
      some: readonly (Entry & { readonly Id: string })[],
    ) => Promise<{ readonly Failed?: { Id?: string | undefined; Code?: string | undefined; Message?: string | undefined }[] | undefined }>,
  ): Promise<void> {
    for (let start = 0; start < entries.length; start += BATCH) {
      let left = entries.slice(start, start + BATCH).map((entry, index) => ({ ...entry, Id: String(index) }));
      for (let tries = 1; left.length > 0; tries++) {
        const some = left;
        const { Failed = [] } = await this.send(async (client) => attempt(client, some));
        const failed = Failed.filter(({ Code }) => !staleReceipt(Code));
        if (failed.length > 0 && tries === ATTEMPTS)
          throw new QueueUnavailable(`SQS does not take ${failed.length} of ${some.length} entries: ${failed[0]!.Code} ${failed[0]!.Message ?? ''}`);
        left = some.filter(({ Id }) => failed.some((one) => one.Id === Id));
        if (left.length > 0) await this.#pause(tries);
      }
    }
  }

  #pause(tries: number): Promise<void> {
    const wait = this.#random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries);
    return new Promise((resolve) => void this.#clock.after(wait, resolve));
  }
}
