/** The behaviours of built-in kinds, by resource and version. A kind that is not here has the generic behaviour. */
import type { Behaviour } from './behaviour.ts';
import { pod } from './core/pod/pod.ts';

export const behaviours: Readonly<Record<string, Readonly<Record<string, Behaviour>>>> = {
  pods: { v1: pod },
};
