import { connect, ready, Steadfast, type SteadfastError } from "steadfast";

export const first: Promise<Steadfast> = connect("wss://example.org", { on: { message: ({ data }) => data } });
export const second: Steadfast = new Steadfast("wss://example.org", { reconnect: { max: 1000 } });
export const third: Promise<void> = ready();
export const code = (error: SteadfastError): string => error.code;
// @ts-expect-error a misspelt option is refused
export const fourth = new Steadfast("wss://example.org", { reconect: false });
