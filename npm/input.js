// What happened: the first argument of `Client.handle`, by name. The other side stands in
// src/inputs.rs. One constant each, since a bundler can leave out the names of these.

export const connect = 0;
export const reconnect = 1;
export const close = 2;
export const send = 3;
export const withdraw = 4;
export const flush = 5;
export const ping = 6;
export const listen = 7;
export const linkOpened = 8;
export const greeted = 9;
export const linkFailed = 10;
export const linkMessage = 11;
export const linkClosed = 12;
export const decided = 13;
export const decisionPending = 14;
export const timeout = 15;
export const offline = 16;
export const online = 17;
export const suspend = 18;
export const resume = 19;
export const wake = 20;
export const transmitted = 21;
export const welcomed = 22;
export const counted = 23;
export const stored = 24;
export const from = 25;
export const volatile = 26;
export const pinged = 27;
export const ponged = 28;
export const handedOver = 29;
export const taskOver = 30;
export const violated = 31;
