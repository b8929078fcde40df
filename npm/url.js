// Where to connect.

/**
 * The absolute ws: or wss: address of `source`, which may be relative or http(s):.
 * Throws a TypeError that says what is wrong.
 */
export function resolveUrl(source, requestIdParam, requestId) {
  if (typeof source !== "string" && !(source instanceof URL)) {
    throw new TypeError(`the URL must be a string or a URL, not ${source === null ? "null" : typeof source}`);
  }
  const url = new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(`the URL's scheme must be ws, wss, http or https, not ${url.protocol}`);
  }
  if (url.hash || url.href.endsWith("#")) throw new TypeError("the URL must have no fragment");
  if (requestIdParam) url.searchParams.set(requestIdParam, requestId);
  return url.href;
}
