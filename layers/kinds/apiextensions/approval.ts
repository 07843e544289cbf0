/** Groups of the Kubernetes community need an approval to be defined (apiextensions `apihelpers`). */
import type { KubeObject } from '#machinery/object.ts';

export const APPROVAL = 'api-approved.kubernetes.io';

export type ApprovalState = 'Approved' | 'Bypassed' | 'Missing' | 'Invalid';

export const isProtectedGroup = (group: string): boolean => /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);

export function approvalOf({ metadata }: KubeObject): { readonly state: ApprovalState; readonly reason: string } {
  const text = metadata.annotations?.[APPROVAL] ?? '';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (text === '') return { state: 'Missing', reason: `protected groups must have approval annotation ${JSON.stringify(APPROVAL)}, ${see}` };
  if (text.startsWith('unapproved')) return { state: 'Bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  if (/^[a-zA-Z][\w+.-]*:\/\/[^/]/.test(text) && URL.canParse(text)) return { state: 'Approved', reason: `approved in ${text}` };
  return {
    state: 'Invalid',
    reason: `protected groups must have approval annotation ${JSON.stringify(APPROVAL)} with either a URL or a reason starting with "unapproved", ${see}`,
  };
}
