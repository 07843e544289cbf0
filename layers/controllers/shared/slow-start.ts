/** Does `count` things in parallel batches of 1, 2, 4, ...: a request that the server refuses is refused once and not five hundred times. */
export async function slowStart(count: number, act: (index: number) => Promise<void>): Promise<{ readonly done: number; readonly error: unknown }> {
  let done = 0;
  for (let size = Math.min(1, count); size > 0; size = Math.min(2 * size, count - done)) {
    const first = done;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => act(first + i)));
    const failed = results.filter((result) => result.status === 'rejected');
    done += size - failed.length;
    if (failed.length > 0) return { done, error: failed[0]!.reason };
  }
  return { done, error: undefined };
}
