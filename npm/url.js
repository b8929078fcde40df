// Where to connect.

/**
 * The absolute ws: or wss: address of `source`, which may be relative or http(s):.
 * Throws a TypeError that says what is wrong.
 */
export function resolveUrl(source, requestIdParam, requestId) {
  const isAddress = typeof source === "string" || source instanceof URL;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  const url = isAddress && new URL(source, base);
  const scheme = /^(http|ws)(s?):/.exec(url?.protocol);
  if (!scheme || url.href.includes("#")) {
    throw new TypeError("not a ws, wss, http or https URL without a fragment");
  }
  url.protocol = `ws${scheme[2]}:`;
  if (requestIdParam) url.searchParams.set(requestIdParam, requestId);
  return url.href;
}
