import type { Authorizer, Decision } from './port.ts';

/** Asks in order: the first to allow or deny decides. Reasons of those without an opinion are kept for the refusal. */
export function inOrder(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const answer = authorizer.authorize(attributes);
        const decision: Decision = answer instanceof Promise ? await answer : answer;
        if (decision.outcome !== 'none') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { outcome: 'none', reason: reasons.join(', ') };
    },
  };
}
