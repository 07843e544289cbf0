/** What one metric of an autoscaler leads to, or why it says nothing. */
import type { MetricStatus } from '#kinds/generated/types.ts';

export interface Found {
  readonly replicas: number;
  readonly name: string;
  readonly status: MetricStatus;
}

/** Why a metric says nothing: the condition's reason and what it says, and how the whole reports it. */
export class MetricError extends Error {
  readonly reason: string;
  readonly whole: string;
  constructor(reason: string, text: string, whole: string) {
    super(text);
    this.reason = reason;
    this.whole = whole;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
