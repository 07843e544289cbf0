/** What a scheduling plugin is. A cycle is one pod looking for a node. */
import type { Cache } from '#control/controller.ts';
import type { NodeInfo } from './picture/node-info.ts';
import type { Picture } from './picture/picture.ts';
import type { PodInfo } from './picture/pod-info.ts';

export interface Cycle {
  readonly pod: PodInfo;
  readonly picture: Picture;
  /** Services, claims, volumes and other objects that are neither pods nor nodes. */
  readonly cache: Cache;
}

export interface Refusal {
  readonly plugin: string;
  /** As they stand in the event, such as `Insufficient cpu`. */
  readonly reasons: readonly string[];
  /** False where no pod's leaving would help. */
  readonly resolvable: boolean;
}

export type NodeFilter = (node: NodeInfo) => Refusal | undefined;

export interface FilterPlugin {
  readonly name: string;
  /** `undefined` where the plugin has nothing to say about this pod, a Refusal where no node will do. Reads the picture as it is at this moment. */
  begin(cycle: Cycle): NodeFilter | Refusal | undefined;
}

export interface Scorer {
  score(node: NodeInfo): number;
  /** Brings raw scores into 0..100; absent where they are already. */
  normalize?(scores: number[], nodes: readonly NodeInfo[]): void;
}

export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** `nodes` are those that passed. `undefined` where all score alike. */
  begin(cycle: Cycle, nodes: readonly NodeInfo[]): Scorer | undefined;
}

export const MAX_SCORE = 100;

export const refusal = (plugin: string, reason: string, resolvable: boolean): Refusal => ({ plugin, reasons: [reason], resolvable });

/** The largest becomes 100; reversed, the largest becomes 0. */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.floor((scores[i]! * MAX_SCORE) / max);
    scores[i] = reverse ? MAX_SCORE - share : share;
  }
}
