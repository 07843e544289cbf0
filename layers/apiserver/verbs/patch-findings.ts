/** What is odd about the text of a patch itself (apiserver `handlers/patch.go`, each patcher's own strict reading). */
import { repeatedFields } from '#machinery/decode.ts';

const OPERATION: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

export function patchFindings(text: string, patch: unknown, isOperations: boolean): readonly string[] {
  const twice = repeatedFields(text, patch);
  if (!isOperations) return twice.map((place) => `duplicate field ${JSON.stringify(place)}`);
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation: unknown, at) => {
    if (typeof operation !== 'object' || operation === null) return [];
    const place = (key: string): string => `[${at}].${key}`;
    return [
      ...Object.keys(operation)
        .filter((key) => !OPERATION.has(key))
        .map((key) => `json patch unknown field ${JSON.stringify(place(key))}`),
      ...twice.filter((one) => one.startsWith(place('')) && !one.slice(place('').length).includes('.')).map((one) => `json patch duplicate field ${JSON.stringify(one)}`),
    ];
  });
}
