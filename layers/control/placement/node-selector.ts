/** Which nodes a pod asks for: its nodeSelector and the required part of its node affinity (Kubernetes' `component-helpers/nodeaffinity`). */
import type { Node, NodeSelector, NodeSelectorTerm, Pod } from '#kinds/generated/types.ts';
import { requirementMatches, type LabelRequirement } from '#machinery/labels.ts';

/** A term without any requirement selects nothing. */
export function nodeTermMatches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  const fields = { 'metadata.name': node.metadata.name! };
  const holds = ({ key, operator, values = [] }: { key: string; operator: string; values?: readonly string[] }, on: Readonly<Record<string, string>>): boolean => {
    if ((operator === 'Gt' || operator === 'Lt') && !/^[+-]?\d+$/.test(values[0] ?? '')) return false;
    return requirementMatches({ key, operator: operator as LabelRequirement['operator'], values }, on);
  };
  return matchExpressions.every((one) => holds(one, labels)) && matchFields.every((one) => holds(one, fields));
}

/** Terms are alternatives. */
export const nodeSelectorMatches = (selector: NodeSelector, node: Node): boolean => selector.nodeSelectorTerms.some((term) => nodeTermMatches(term, node));

export function asksForNodes({ spec }: Pod): boolean {
  return (
    (spec?.nodeSelector !== undefined && Object.keys(spec.nodeSelector).length > 0) || spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
  );
}

export function nodeIsAskedFor({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec?.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || nodeSelectorMatches(required, node);
}
