// What the engine knows: the first argument of `Client.query`, by name. The other side stands in
// src/outputs.rs. Health is nine numbers in a row.

export const state = 0;
export const queuedMessages = 1;
export const queuedBytes = 2;
export const wouldWait = 3;
export const expectsLink = 4;
export const awaitsPong = 5;
export const takeBack = 6;
export const health = 7;
export const givenMessages = 16;
export const epoch = 17;
export const position = 18;
export const unacknowledged = 19;
export const handedOver = 20;
export const inHand = 21;
export const memory = 22;
