/** Equal as they are stored: bodies are canonical JSON, with keys in one order. */
export const sameJson = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
