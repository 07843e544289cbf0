/** Sends nearly right requests to an API server over a store in memory and says what went wrong: a 5xx, an error that was logged, a refusal that is no Status, an object that cannot be read back. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startHarness } from '#apiserver/testing/harness.ts';
import { builtInKinds } from '#kinds/registry.ts';
import type { Clock } from '#machinery/clock.ts';
import { systemClock } from '#machinery/system.ts';
import { chance } from './random.ts';
import { fuzzRequest, type FuzzRequest } from './requests.ts';

export interface Finding {
  /** Counted from 0; with the seed it tells the request. */
  readonly round: number;
  readonly what: string;
  readonly request: string;
}

export interface FuzzOutcome {
  readonly findings: readonly Finding[];
  /** How often each status code was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Bytes that the heap grew by after the first fifth of the rounds. */
  readonly growth: number;
}

const MAX_SHOWN = 1500;
const show = ({ method, url, headers, body }: FuzzRequest): string =>
  `${method} ${url} ${JSON.stringify(headers)} ${headers['content-type']?.includes('protobuf') === true ? Buffer.from(body ?? []).toString('base64') : Buffer.from(body ?? []).toString()}`.slice(
    0,
    MAX_SHOWN,
  );

/** Refused for good reason although the number begins with a five: the request asked for a time that has not come. */
const isFine = (status: number): boolean => status < 500 || status === 504;

const ANSWER_LIMIT_MS = 10_000;
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)), ANSWER_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits end at once: a resourceVersion of the future would be waited for in vain. */
const impatient: Clock = {
  ...systemClock,
  after: (_, callback) => {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  },
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
/** By then caches are full and code is compiled. */
const WARM_UP = 0.2;

export async function fuzz(seed: number, rounds: number): Promise<FuzzOutcome> {
  const random = chance(seed);
  const kinds = builtInKinds().kinds();
  const api = await startHarness({ clock: impatient });
  const statuses = new Map<number, number>();
  const findings: Finding[] = [];
  let warm = 0;
  let growth = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      if (round === Math.floor(rounds * WARM_UP)) warm = heapBytes();
      const request = fuzzRequest(kinds, random);
      const note = (what: string): void => void findings.push({ round, what, request: show(request) });
      const before = api.logged.length;
      let answer;
      try {
        answer = await within(api.request(request.method, request.url, request.body, { ...request.headers }));
      } catch (error) {
        note(`threw ${(error as Error).stack}`);
        continue;
      }
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (!isFine(answer.status)) note(`answered ${answer.status}: ${answer.text.slice(0, 500)}`);
      if (api.logged.length > before) note(`logged ${String((api.logged.at(-1) as Error)?.stack ?? api.logged.at(-1))}`);
      const isJson = String(answer.headers['content-type']).startsWith('application/json');
      if (answer.status >= 400 && isJson && (answer.json as { kind?: string }).kind !== 'Status') note(`refused with ${answer.text.slice(0, 200)}`);
      const { metadata } = answer.status === 201 && isJson ? (answer.json as { metadata?: { name?: string; uid?: string } }) : {};
      if (metadata?.name !== undefined && metadata.uid !== undefined && !request.url.includes('dryRun')) {
        const [asked] = request.url.split('?');
        const path = request.method === 'POST' ? `${asked}/${metadata.name}` : asked!;
        for (const accept of ['application/json', 'application/vnd.kubernetes.protobuf', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
          const read = await api.request('GET', path, undefined, { accept });
          if (read.status !== 200) note(`made it, but reading it as ${accept} answered ${read.status}: ${read.text.slice(0, 300)}`);
          if (accept !== 'application/json' || read.status !== 200) continue;
          const kept = read.json as { metadata: { resourceVersion: string } };
          const again = await api.request('PUT', path, kept);
          // a few kinds cannot be replaced at all
          if (again.status === 200 && again.json.metadata.resourceVersion !== kept.metadata.resourceVersion) note('putting back what was read changed it');
          if (again.status !== 200 && again.status !== 405) note(`putting back what was read answered ${again.status}: ${again.text.slice(0, 500)}`);
        }
      }
    }
    growth = heapBytes() - warm;
  } finally {
    await api.close();
  }
  return { findings, statuses, growth };
}
