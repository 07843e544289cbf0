/** Requests are deleted an hour after they were decided, a day after they were made or approved and nothing came of it, or with their certificate. */
import { X509Certificate } from 'node:crypto';
import type { Controller, ControllerContext, Key, Result } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { CertificateSigningRequest } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { conditionOf, isIssued, REQUESTS } from './conditions.ts';

const DECIDED_MS = 3_600_000;
const PENDING_MS = 24 * 3_600_000;

function expiryOf({ status }: CertificateSigningRequest): number | undefined {
  try {
    return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64')).validToDate.getTime();
  } catch {
    return undefined;
  }
}

/** When the request is to go, in ms. */
function dueAt(request: CertificateSigningRequest): number | undefined {
  const since = (type: string): number | undefined => parseTime(conditionOf(request, type)?.lastUpdateTime);
  const approved = since('Approved');
  const times: (number | undefined)[] = [];
  const after = (at: number | undefined, ms: number): void => void times.push(at === undefined ? undefined : at + ms);
  after(since('Denied'), DECIDED_MS);
  after(since('Failed'), DECIDED_MS);
  after(approved, isIssued(request) ? DECIDED_MS : PENDING_MS);
  if ((request.status?.conditions ?? []).length === 0) after(parseTime(request.metadata.creationTimestamp), PENDING_MS);
  if (approved !== undefined && isIssued(request)) times.push(expiryOf(request));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

async function reconcile(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
  const request = cache.get<CertificateSigningRequest>(REQUESTS, '', key);
  const due = request === undefined || request.metadata.deletionTimestamp !== undefined ? undefined : dueAt(request);
  if (due === undefined) return {};
  if (due > clock.now()) return { requeueAfterSeconds: (due - clock.now()) / 1000 };
  try {
    await client.delete(REQUESTS, '', key, { preconditions: { uid: request!.metadata.uid! } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return {};
}

export const csrCleaner = (): Controller => ({ name: 'csrcleaner', watches: [{ resource: REQUESTS }], reconcile });
