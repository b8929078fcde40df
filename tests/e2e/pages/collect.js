// Loaded before anything else on every page of a test site: keeps what the page itself can see of its console errors.
// For the engine whose driver does not show the console.
const KEY = "console-errors";
const keep = (text) =>
  sessionStorage.setItem(KEY, JSON.stringify([...JSON.parse(sessionStorage.getItem(KEY) ?? "[]"), text]));

const log = console.error;
console.error = (...args) => {
  keep(`console.error: ${args.map(String).join(" ")}`);
  log.apply(console, args);
};
// Capturing, because a resource that fails to load tells only its element.
addEventListener(
  "error",
  (event) => keep(`error: ${event.message ?? `${event.target.src ?? event.target.href} did not load`}`),
  true,
);
addEventListener("unhandledrejection", (event) => keep(`unhandled rejection: ${event.reason}`));
addEventListener("securitypolicyviolation", (event) =>
  keep(`content security policy: ${event.violatedDirective} ${event.blockedURI}`),
);
