/**
 * `$(NAME)` in commands, arguments and values of variables. An unknown name stays as it is written, `$$` is a dollar sign, so that
 * `$$(NAME)` is the text `$(NAME)`.
 */
export function expand(text: string, look: (name: string) => string | undefined): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character !== '$' || at + 1 === text.length) {
      result += character;
      continue;
    }
    const next = text[at + 1]!;
    if (next === '$') {
      result += '$';
      at++;
    } else if (next === '(') {
      const close = text.indexOf(')', at + 2);
      if (close < 0) {
        // Never closed: text.
        result += '$(';
        at++;
        continue;
      }
      const name = text.slice(at + 2, close);
      result += look(name) ?? `$(${name})`;
      at = close;
    } else {
      result += `$${next}`;
      at++;
    }
  }
  return result;
}
