// A thin client of the W3C WebDriver protocol: the same commands for every engine.

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Opens a session at the driver listening on `endpoint` (http://host:port). */
export async function newSession(endpoint, capabilities) {
  const value = await call(endpoint, "POST", "/session", { capabilities: { alwaysMatch: capabilities } });
  return new Session(endpoint, value.sessionId, value.capabilities);
}

class Session {
  #endpoint;
  #path;

  constructor(endpoint, id, capabilities) {
    this.#endpoint = endpoint;
    this.#path = `/session/${id}`;
    this.capabilities = capabilities;
  }

  get(path) {
    return call(this.#endpoint, "GET", this.#path + path);
  }

  post(path, body = {}) {
    return call(this.#endpoint, "POST", this.#path + path, body);
  }

  delete(path = "") {
    return call(this.#endpoint, "DELETE", this.#path + path);
  }

  /** Runs a function body in the page; the last of its `arguments` is the callback that ends it. */
  executeAsync(script, args) {
    return this.post("/execute/async", { script, args });
  }

  async find(selector) {
    const found = await this.post("/element", { using: "css selector", value: selector });
    return found[ELEMENT];
  }
}

async function call(endpoint, method, path, body) {
  const response = await fetch(endpoint + path, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const { value } = await response.json();
  if (!response.ok) throw new WebDriverError(`${method} ${path}`, value);
  return value;
}

/** What a driver answers instead of a result; `kind` is the protocol's error code. */
export class WebDriverError extends Error {
  constructor(command, { error, message }) {
    super(`${command}: ${error}: ${message}`);
    this.name = "WebDriverError";
    this.kind = error;
  }
}
