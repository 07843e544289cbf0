/** Selectors of apps/v1 kinds: `spec.selector` with labels and expressions. */
import { cachedSelector } from '../replicas/set.ts';
import { matches, type LabelSelectorObject, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';

export const specSelector = cachedSelector((object) => selectorFromLabelSelector((object['spec'] as { selector?: LabelSelectorObject } | undefined)?.selector));

/** What an owner selects of its namespace; an empty selector selects nothing. */
export function specSelects(owner: KubeObject, object: KubeObject): boolean {
  const selector = specSelector(owner);
  return selector.requirements.length > 0 && matches(selector, object.metadata.labels);
}
