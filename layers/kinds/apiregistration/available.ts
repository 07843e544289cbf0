/** The one condition of APIServices. */
import { timestamp } from '#machinery/time.ts';
import type { APIService, APIServiceCondition } from '../generated/types.ts';

/** Of a group and version that this server answers for itself. */
export const LOCAL = (now: number): APIServiceCondition => ({
  type: 'Available',
  status: 'True',
  lastTransitionTime: timestamp(now),
  reason: 'Local',
  message: 'Local APIServices are always available',
});

export const isAvailable = ({ status }: APIService): boolean => status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True') === true;
