/** Accidents of the services below as Status objects: what waiting mends (429, 503), and what an operator must (500). */
import { type AwsProblem, awsAdvice, awsProblem } from '#machinery/aws-problem.ts';
import { NewerFormat } from '#cloud/clusters/port.ts';
import { type ApiError, internalError, tooManyRequests, unavailable } from '#machinery/status.ts';
import { storeAccident } from '#apiserver/http/store-accident.ts';
import { StoreUnavailable } from '#store/errors.ts';

/** As kube-apiserver's own: client-go waits this long before it asks again. Seconds. */
const RETRY_SECONDS = 1;

function ofProblem(problem: AwsProblem, error: Error): ApiError | undefined {
  const what = awsAdvice(problem, 'a service that the API function needs');
  switch (problem) {
    case 'throttled':
      return tooManyRequests(`${what}, please try again later`, RETRY_SECONDS);
    case 'no-answer':
      return unavailable(what ?? '');
    case 'other':
      return undefined;
    case 'no-credentials':
    case 'expired-credentials':
    case 'bad-credentials':
    case 'denied':
    case 'quota':
    case 'missing':
    case 'no-region':
      return internalError(what ?? '', error);
  }
}

/** Undefined for errors that are no accident of a service. */
export function accidentStatus(error: unknown): ApiError | undefined {
  if (error instanceof StoreUnavailable) return storeAccident(error);
  if (error instanceof NewerFormat) return internalError(error.message, error);
  return error instanceof Error ? ofProblem(awsProblem(error), error) : undefined;
}
