import { type FilterPlugin, MAX_SCORE, type ScorePlugin } from '../plugin.ts';

const NAME = 'NodeResourcesFit';

export const resourcesFit: FilterPlugin = {
  name: NAME,
  begin({ pod }) {
    const { cpu, memory, storage, other } = pod.request.exact;
    return ({ allocatable, requested, pods, podLimit }) => {
      let reasons: string[] | undefined;
      let resolvable = true;
      const lacks = (name: string, wanted: number, has: number, used: number): void => {
        if (wanted === 0 || wanted <= has - used) return;
        (reasons ??= []).push(`Insufficient ${name}`);
        // more than the whole node: nobody's leaving helps
        if (wanted > has) resolvable = false;
      };
      if (pods.size + 1 > podLimit) (reasons ??= []).push('Too many pods');
      lacks('cpu', cpu, allocatable.cpu, requested.cpu);
      lacks('memory', memory, allocatable.memory, requested.memory);
      lacks('ephemeral-storage', storage, allocatable.storage, requested.storage);
      if (other !== undefined) for (const [name, wanted] of other) lacks(name, wanted, allocatable.other?.get(name) ?? 0, requested.other?.get(name) ?? 0);
      return reasons === undefined ? undefined : { plugin: NAME, reasons, resolvable };
    };
  },
};

/** The emptier node first. */
export const leastAllocated: ScorePlugin = {
  name: NAME,
  weight: 1,
  begin: ({ pod: { request } }) => ({
    score({ allocatable, load }) {
      const left = (has: number, used: number): number => (has === 0 || used > has ? 0 : Math.floor(((has - used) * MAX_SCORE) / has));
      let parts = 0;
      let sum = 0;
      if (allocatable.cpu > 0) {
        parts++;
        sum += left(allocatable.cpu, load.cpu + request.load.cpu);
      }
      if (allocatable.memory > 0) {
        parts++;
        sum += left(allocatable.memory, load.memory + request.load.memory);
      }
      return parts === 0 ? 0 : Math.floor(sum / parts);
    },
  }),
};

/** The node whose CPU and memory stay as evenly used as can be. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  begin({ pod: { request } }) {
    const { cpu, memory } = request.exact;
    if (cpu === 0 && memory === 0) return undefined;
    return {
      score({ allocatable, requested }) {
        const share = (has: number, used: number): number => (has === 0 ? 1 : Math.min(1, used / has));
        const deviation = Math.abs(share(allocatable.cpu, requested.cpu + cpu) - share(allocatable.memory, requested.memory + memory)) / 2;
        return Math.floor((1 - deviation) * MAX_SCORE);
      },
    };
  },
};
