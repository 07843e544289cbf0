/** `/healthz`, `/livez`, `/readyz`, their sub-checks, `?verbose` and `?exclude=` (apiserver `server/healthz`). */
import type { ApiResponse } from '../door.ts';
import { parseQuery } from '../routing/query.ts';
import type { PathRoute } from './paths.ts';
import { type Exchange, replyText } from './reply.ts';

export interface HealthCheck {
  readonly name: string;
  /** Counts for `/livez` as well: only what a restart would mend. */
  readonly live: boolean;
  /** Throws, or answers with a reason, when unhealthy; clients are not told it. */
  check(): Promise<string | void> | string | void;
}

type Group = 'healthz' | 'livez' | 'readyz';

const DEADLINE_MS = 5_000;

async function passes({ check }: HealthCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the check did not answer in time')), DEADLINE_MS);
      timer.unref();
    });
    return typeof (await Promise.race([check(), late])) !== 'string';
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function answer(exchange: Exchange, group: Group, checks: readonly HealthCheck[]): Promise<ApiResponse> {
  const query = parseQuery(exchange.request.query);
  const excluded = new Set(query.getAll('exclude'));
  const results = await Promise.all(
    checks.map(async (check) => ({ name: check.name, excluded: excluded.has(check.name), good: excluded.has(check.name) || (await passes(check)) })),
  );
  const good = results.every((result) => result.good);
  const lines = results.map((result) => (result.excluded ? `[+]${result.name} excluded: ok` : result.good ? `[+]${result.name} ok` : `[-]${result.name} failed: reason withheld`));
  const unknown = [...excluded].filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => JSON.stringify(name)).join(', ')}`);
  if (good) return replyText(exchange, 200, query.has('verbose') ? `${lines.join('\n')}\n${group} check passed\n` : 'ok');
  return replyText(exchange, 500, `${lines.join('\n')}\n${group} check failed\n`);
}

export function healthRoutes(checks: readonly HealthCheck[]): PathRoute[] {
  const groups: readonly (readonly [Group, readonly HealthCheck[]])[] = [
    ['healthz', checks],
    ['livez', checks.filter(({ live }) => live)],
    ['readyz', checks],
  ];
  return groups.flatMap(([group, members]): PathRoute[] => [
    { path: `/${group}`, handle: (exchange) => answer(exchange, group, members) },
    ...members.map((member): PathRoute => ({
      path: `/${group}/${member.name}`,
      handle: async (exchange) => ((await passes(member)) ? replyText(exchange, 200, 'ok') : replyText(exchange, 500, `internal server error: ${member.name} failed\n`)),
    })),
  ]);
}
