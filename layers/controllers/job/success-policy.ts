/** `spec.successPolicy`: when an indexed job has succeeded although some of its indexes have not. */
import type { Job } from '#kinds/generated/types.ts';
import { countCommon, countIndexes, type Indexes, parseIndexes } from './indexes.ts';
import { specOf } from './job-view.ts';

/** Which rule is met, as the condition's message says it. */
export function metSuccessPolicy(job: Job, succeeded: Indexes): string | undefined {
  const { successPolicy, completions = 0 } = specOf(job);
  if (successPolicy === undefined || succeeded.length === 0) return undefined;
  const met = successPolicy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
    const wanted = parseIndexes(succeededIndexes, completions);
    if (wanted.length === 0) return false;
    const common = countCommon(wanted, succeeded);
    return common === countIndexes(wanted) || (succeededCount !== undefined && common >= succeededCount);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
