/** Who did what: one record a request, handed out when its answer begins (streams: when they end as well). */
export interface AuditRecord {
  readonly requestId: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly impersonated?: string;
  readonly verb: string;
  readonly path: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly userAgent: string;
  readonly remoteAddress: string;
  readonly code: number;
  readonly startedAt: number;
  readonly milliseconds: number;
}

export type AuditSink = (record: AuditRecord) => void;
