// Where to connect.

/**
 * The absolute ws: or wss: address of `source`, which may be relative or http(s):.
 * Throws a TypeError that says what is wrong.
 */
export function resolveUrl(source, requestIdParam, requestId) {
  const isAddress = typeof source === "string" || source instanceof URL;
  const base = globalThis.document?.baseURI ?? globalThis.location;
  const url = new URL(isAddress ? source : "none:", base);
  url.protocol = url.protocol.replace("http", "ws");
  if (!/^wss?:[^#]+$/.test(url)) throw new TypeError("not a ws or http URL without a fragment");
  if (requestIdParam) url.searchParams.set(requestIdParam, requestId);
  return url.href;
}
