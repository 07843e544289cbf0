/** What an error of an AWS service means, and what a person has to do about it. By the names that services and SDKs give, so that nobody needs an SDK for it. */

export type AwsProblem =
  /** None were found. */
  | 'no-credentials'
  /** They were good once. */
  | 'expired-credentials'
  /** AWS does not know them, or their signature is wrong. */
  | 'bad-credentials'
  | 'denied'
  | 'throttled'
  | 'quota'
  /** The thing asked for is not there. */
  | 'missing'
  | 'no-answer'
  | 'no-region'
  | 'other';

const NAMES: Readonly<Record<string, AwsProblem>> = {
  CredentialsProviderError: 'no-credentials',
  ExpiredToken: 'expired-credentials',
  ExpiredTokenException: 'expired-credentials',
  RequestExpired: 'expired-credentials',
  InvalidClientTokenId: 'bad-credentials',
  UnrecognizedClientException: 'bad-credentials',
  SignatureDoesNotMatch: 'bad-credentials',
  InvalidSignatureException: 'bad-credentials',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  UnauthorizedOperation: 'denied',
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  ThrottledException: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  RequestLimitExceeded: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  LimitExceededException: 'quota',
  ServiceQuotaExceededException: 'quota',
  OverLimit: 'quota',
  ResourceNotFoundException: 'missing',
  QueueDoesNotExist: 'missing',
  'AWS.SimpleQueueService.NonExistentQueue': 'missing',
  TimeoutError: 'no-answer',
  AbortError: 'no-answer',
};
const NETWORK: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

interface Shape {
  readonly name?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function awsProblem(error: unknown): AwsProblem {
  const { name = '', code = '', Code = '', message = '', $metadata } = (error ?? {}) as Shape;
  // a table's throughput and an account's quota share a name
  if (/quota|limit exceeded/i.test(message) && NAMES[name] !== 'throttled') return 'quota';
  if (message.startsWith('Region is missing')) return 'no-region';
  const known = NAMES[name] ?? NAMES[Code] ?? NAMES[code];
  if (known !== undefined) return known;
  if (NETWORK.has(code)) return 'no-answer';
  return $metadata?.httpStatusCode === 429 ? 'throttled' : 'other';
}

/**
 * What to do about it, as the end of a sentence's line for an operator; `what`: which thing was asked, as in `table x-state`. Undefined where nothing
 * better is known than the service's own words.
 */
export function awsAdvice(problem: AwsProblem, what: string): string | undefined {
  switch (problem) {
    case 'no-credentials':
      return 'no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login';
    case 'expired-credentials':
      return 'the AWS credentials are over: log in again (aws sso login, or new keys)';
    case 'bad-credentials':
      return 'AWS does not know these credentials: are the keys right, and of the right partition?';
    case 'denied':
      return `access to ${what} is denied: the role or user lacks a permission`;
    case 'throttled':
      return `${what} is throttled: too many requests at once`;
    case 'quota':
      return `a quota of the account is used up for ${what}: ask for more in Service Quotas, or use less`;
    case 'missing':
      return `there is no ${what} in this account and region: was the stack deployed wholly, and is the region right? npm run deploy mends it`;
    case 'no-answer':
      return `${what} does not answer: is the region right, and the network?`;
    case 'no-region':
      return 'no region is set: export AWS_REGION=us-east-1, or another one';
    case 'other':
      return undefined;
  }
}
