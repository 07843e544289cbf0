/** What a function answers to a batch of records, and what that means. */
import type { Answer } from '../lambda/environment.ts';
import type { Lambda } from '../lambda/service.ts';

/** `failed`: the ids that the function gave back; `'all'` where it failed as a whole. */
export type Outcome = { readonly failed: ReadonlySet<string>; readonly error?: string } | { readonly failed: 'all'; readonly error: string };

interface BatchAnswer {
  readonly batchItemFailures?: readonly { readonly itemIdentifier?: string | null }[] | null;
}

/** ReportBatchItemFailures: an answer that cannot be read, or names an unknown id, fails the whole batch, as in Lambda. */
export function outcomeOf(answer: Answer, ids: ReadonlySet<string>): Outcome {
  if (answer.type === 'error') return { failed: 'all', error: `${answer.error.errorType}: ${answer.error.errorMessage}` };
  if (answer.type === 'stream') return { failed: 'all', error: 'a batch was answered with a stream' };
  let parsed: BatchAnswer | null;
  try {
    parsed = JSON.parse(answer.body.toString()) as BatchAnswer | null;
  } catch {
    return { failed: 'all', error: 'the answer is no JSON' };
  }
  const failures = parsed?.batchItemFailures ?? [];
  const failed = new Set<string>();
  for (const { itemIdentifier } of failures) {
    if (typeof itemIdentifier !== 'string' || !ids.has(itemIdentifier))
      return { failed: 'all', error: `the answer names ${JSON.stringify(itemIdentifier)}, which was not in the batch` };
    failed.add(itemIdentifier);
  }
  return { failed };
}

export async function runBatch(lambda: Lambda, name: string, event: { readonly Records: readonly object[] }, ids: readonly string[]): Promise<Outcome> {
  try {
    const { answer, over } = await lambda.invoke(name, event);
    const outcome = outcomeOf(answer, new Set(ids));
    await over;
    return outcome;
  } catch (error) {
    return { failed: 'all', error: (error as Error).message };
  }
}
