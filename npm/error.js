/** The one error of this package. What each code means: README.md, "Errors". */
export class SteadfastError extends Error {
  /** @type {"unknown" | undefined} */
  delivered;

  /**
   * @param {string} code One of the codes of index.d.ts.
   * @param {string} message For a person; not stable.
   * @param {string} [requestId] The link's request id, as the server logs it; "" when there is none.
   * @param {unknown} [cause] What led to it.
   */
  constructor(code, message, requestId = "", cause) {
    super(message, cause !== undefined && { cause });
    this.code = code;
    this.requestId = requestId;
    this.timestamp = new Date().toISOString();
  }
}

SteadfastError.prototype.name = "SteadfastError";
