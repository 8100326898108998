/**
 * What goes wrong on the way to the server.
 *
 * Error
 * ├── ConnectionLost  nobody knows whether what was sent has arrived: it is sent again
 * └── Refusal         the server has answered, and will not do it
 */

/** The socket closed, or the request had no answer. */
export class ConnectionLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConnectionLost";
  }
}

/** An answer that is no data. `code` is the API's `ErrorCode`, or UNAVAILABLE, INTERNAL, or null where there is none. */
export class Refusal extends Error {
  readonly code: string | null;
  readonly path: readonly string[];

  constructor(message: string, code: string | null, path: readonly string[] = []) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.path = path;
  }

  /** Whether the same request will never do: what it is about is not there, or not for this viewer. */
  get final(): boolean {
    return this.code === "NOT_FOUND" || this.code === "NOT_ALLOWED" || this.code === "INVALID_INPUT";
  }
}
