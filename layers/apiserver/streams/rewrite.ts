/** Links in what a proxied backend answers lead back through the proxy (apimachinery `util/proxy/transport.go`). */

/** A `Location` as the client must follow it. `prefix` is the path of the proxy without a slash at its end. */
export function rewriteLocation(location: string, prefix: string, host: string): string {
  let url: URL;
  try {
    url = new URL(location, `http://${host}/`);
  } catch {
    return location;
  }
  if (url.host !== host && !location.startsWith('/')) return location;
  if (location.startsWith('//') || (!location.startsWith('/') && !/^https?:/i.test(location))) return location;
  return `${prefix}${url.pathname}${url.search}${url.hash}`;
}

const LINK = /(\s(?:href|src|action|formaction|background|cite|codebase|data|icon|longdesc|manifest|poster|profile|usemap)\s*=\s*)(["'])(\/(?!\/)[^"']*)\2/gi;

export const rewriteHtml = (html: string, prefix: string): string =>
  html.replace(LINK, (whole, head: string, quote: string, link: string) => (link.startsWith(`${prefix}/`) ? whole : `${head}${quote}${prefix}${link}${quote}`));
