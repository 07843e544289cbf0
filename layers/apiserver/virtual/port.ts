/**
 * Resources and subresources that are created and never stored: reviews, bindings, evictions, tokens. A handler stands in a file of its own;
 * the API server decodes the body, runs admission over it (operation CREATE) and answers with the object that comes back.
 */
import type { KubeObject } from '#machinery/object.ts';
import type { User } from '../authn/port.ts';
import type { Services } from '../server.port.ts';

export interface VirtualRequest {
  /** The body: strict-decoded against the schema of `body`. For subresources of a named object an empty `metadata.name` was filled in. */
  readonly object: KubeObject;
  readonly namespace: string;
  /** The parent's name for subresources, empty otherwise. */
  readonly name: string;
  readonly user: User;
  readonly dryRun: boolean;
  readonly requestId: string;
  readonly services: Services;
  warn(text: string): void;
  /** Something for the audit record. */
  readonly annotate?: (key: string, value: string) => void;
}

export interface VirtualHandler {
  /** Where it is found: `pods` + `eviction`; subresource empty for `tokenreviews`. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespaced: boolean;
  /** The type of the body and of the answer, as discovery names it. */
  readonly body: { readonly group: string; readonly version: string; readonly kind: string };
  /** Group-versions besides that of `body` under which a body is taken (`policy/v1beta1` evictions). */
  readonly accepts?: readonly { readonly group: string; readonly version: string }[];
  /** The answer's object; a Status where Kubernetes gives one. 201 unless `code` says otherwise. */
  create(request: VirtualRequest): Promise<{ readonly object: KubeObject; readonly code?: number }>;
}
