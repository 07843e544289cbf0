/** What an installation costs in a month, us-east-1, on-demand: reference prices by which the summary and the tests speak. Dollars. */

/** Hours and seconds of an average month. */
const HOURS = 730.5;
const SECONDS = HOURS * 3600;
/** Per million. */
const SQS_REQUESTS = 0.4;
const DYNAMODB_WRITES = 0.625;
const ALARM = 0.1;
/** Dollars an hour of the instance types that are suggested. */
const INSTANCES: Readonly<Record<string, number>> = { 't4g.small': 0.0168, 't4g.medium': 0.0336, 'm7g.large': 0.0816, 't3.small': 0.0208, 't3.medium': 0.0416 };
const PUBLIC_IPV4_HOUR = 0.005;
const GP3_GIB = 0.08;
const DISK_GIB = 30;
const LOAD_BALANCER_HOUR = 0.0225;
/** A queue's event source mapping polls for 20 s at a time; it idles down to two pollers. */
const POLLERS = 2;
const POLL_SECONDS = 20;
const LEASE_SECONDS = 10;

export interface Cost {
  readonly what: string;
  readonly dollars: number;
  readonly why: string;
}

const million = (count: number, price: number): number => (count / 1e6) * price;

export function monthlyCosts(instanceType: string, mappedQueues: number): readonly Cost[] {
  const polls = (SECONDS / POLL_SECONDS) * POLLERS * mappedQueues;
  const instance = INSTANCES[instanceType];
  return [
    { what: 'idle', dollars: 0, why: 'no request of ours' },
    {
      what: 'idle, pollers of AWS',
      dollars: million(polls, SQS_REQUESTS),
      why: `${Math.round(polls).toLocaleString('en-US')} SQS requests by event source mappings; the first million of a month is free`,
    },
    { what: 'alarms', dollars: 4 * ALARM, why: '4; the first ten of an account are free' },
    {
      what: 'per node, control plane',
      dollars: million(SECONDS / LEASE_SECONDS, DYNAMODB_WRITES) + million(SECONDS / POLL_SECONDS, SQS_REQUESTS),
      why: 'a lease each 10 s of one write unit, and the doorbell polled',
    },
    {
      what: 'per node, the instance',
      dollars: (instance ?? 0) * HOURS + PUBLIC_IPV4_HOUR * HOURS + GP3_GIB * DISK_GIB,
      why: `${instanceType}${instance === undefined ? ' (price not known here)' : ''}, a public address, ${DISK_GIB} GiB`,
    },
    { what: 'per load balancer', dollars: LOAD_BALANCER_HOUR * HOURS + 2 * PUBLIC_IPV4_HOUR * HOURS, why: 'and 0.006 an hour for each capacity unit; two public addresses' },
  ];
}

export const costSummary = (instanceType: string, mappedQueues: number): string =>
  monthlyCosts(instanceType, mappedQueues)
    .map(({ what, dollars, why }) => `${what}: ${dollars.toFixed(2)} $ a month (${why})`)
    .join('; ');
