// Values to messages and back, when the application does not want to see messages.

const JSON_CODEC = { encode: JSON.stringify, decode: JSON.parse };
const of = ({ options: { codec } }) => (codec === "json" ? JSON_CODEC : codec);

/** The message for `value`. Throws INVALID_DATA. */
export function encode(host, value) {
  try {
    return of(host).encode(value);
  } catch (error) {
    throw host.error("INVALID_DATA", `codec.encode failed: ${error?.message ?? error}`, error);
  }
}

/** The value of a message. Throws what the codec throws. */
export const decode = (host, data) => of(host).decode(data);
