// A server of steadfast.v1 that does what a test says, over a fake socket. It reads and writes frames by itself: a
// mistake of the client's own functions shows.

import { event } from "./test.js";

const RESERVED = "\x10";

/** The other side of one link. */
export class Peer {
  /** Application messages given to the link. */
  given = 0;

  constructor(socket) {
    this.socket = socket;
  }

  /** The control frames that came in, in order, as { name, count, body }; without those of units and lanes. */
  get controls() {
    return readFrames(this.socket.sent).controls.filter(({ name }) => name !== "lane");
  }

  /** The lanes that were told, in order. */
  get lanes() {
    return readFrames(this.socket.sent)
      .controls.filter(({ name }) => name === "lane")
      .map(({ body }) => body);
  }

  /** The application messages that came in, in order, however they travelled: a text, or bytes as an array. */
  get messages() {
    return readFrames(this.socket.sent).messages;
  }

  /** The next control frame of this name, or the `nth`, when it has come in. */
  async control(name, nth = 1) {
    return this.socket.until((sent) => readFrames(sent).controls.filter((frame) => frame.name === name)[nth - 1]);
  }

  /** So many application messages, when they have come in. */
  async received(count) {
    return this.socket.until((sent) => {
      const { messages } = readFrames(sent);
      return messages.length >= count ? messages : undefined;
    });
  }

  /** Acknowledges the client's messages up to this number. */
  stored(number) {
    this.say("stored", { memory: this.memory, lane: 1, number });
  }

  /** Answers the `nth` adoption: `received` messages of the usual lane are stored; null: it is another user's. */
  async adopt(received = 0, nth = 1, birth = "b-1") {
    const { body } = await this.control("adopt", nth);
    const { memory } = body;
    this.say("adopted", received === null ? { memory } : { memory, birth, received: [0, received, 0] });
    return memory;
  }

  /** Answers for the memory that follows one of another user's: it is this user's. */
  async beginAnew() {
    for (let nth = 1; ; nth++) {
      const { body } = await this.control("adopt", nth);
      const isAnothers = body.memory === this.memory;
      await this.adopt(isAnothers ? null : 0, nth);
      if (!isAnothers) return body.memory;
    }
  }

  /** Acknowledges messages of an adopted memory. */
  storedOf(memory, number, lane = 1) {
    this.say("stored", { memory, lane, number });
  }

  /** Sends a control frame. */
  say(name, body, count = this.given) {
    this.raw(`${RESERVED}${name} ${count}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
  }

  /** Sends application messages, each as its own frame. */
  send(...messages) {
    for (const message of messages) {
      this.given++;
      this.raw(typeof message === "string" && message[0] === RESERVED ? RESERVED + message : message);
    }
  }

  /** Sends texts as one unit. */
  texts(...texts) {
    this.raw(`${RESERVED}texts ${this.given} ${texts.map(({ length }) => length)}${["", ...texts, ""].join(RESERVED)}`);
    this.given += texts.length;
  }

  /** Sends arrays of bytes as one unit. */
  binaries(...binaries) {
    this.raw(`${RESERVED}binaries ${this.given} ${binaries.map(({ length }) => length)}`);
    this.raw(Uint8Array.from(binaries.flat()).buffer);
    this.given += binaries.length;
  }

  /** Sends a frame as it is. */
  raw(data) {
    this.socket.message(data);
  }

  /** Answers the hello, and says what the hello was. `received`: how many messages of its memory are stored. */
  async welcome({ received = 0, birth = "b-1", ...fields } = {}) {
    const { body: hello } = await this.control("hello");
    [this.memory] = hello.memories;
    this.say("welcome", {
      session: "s-1",
      token: "t-1",
      term: "1-1",
      // Another user's is left out.
      memories: fields.reason === "user" ? {} : { [this.memory]: { birth, received: [0, received, 0] } },
      resumed: false,
      reason: "new",
      maxMessage: 1_048_576,
      window: [4_096, 1_048_576],
      ttl: 120_000,
      user: "u",
      ...fields,
    });
    return hello;
  }
}

/** What a welcome says that resumes session "s-1". */
export const RESUMED = { resumed: true, reason: "resumed", token: "t-2" };

/** An address that no other test has: what is stored under it is this test's alone. */
export const freshUrl = () => `ws://fake.test/${crypto.randomUUID()}`;

/** The other side of the next link, open. */
export const nextPeer = async (lab) => new Peer(await lab.network.open("steadfast.v1"));

/** A client in a session, by default one in memory, which has been welcomed; the other side; and the hello. */
export async function inSession(lab, { session = { storage: "memory" }, ...options } = {}, fields = {}, url) {
  const client = lab.client({ session, ...options }, url);
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  const hello = await peer.welcome(fields);
  await opened;
  return { client, peer, hello };
}

/** The other side of a link in the place of `peer`'s, which is lost; it has been welcomed back. */
export async function again(lab, client, peer, fields = {}) {
  const opened = event(client, "open");
  peer.socket.drop();
  const next = await nextPeer(lab);
  const hello = await next.welcome({ ...RESUMED, ...fields });
  await opened;
  return { peer: next, hello };
}

function readFrames(sent) {
  const controls = [];
  const messages = [];
  let lengths = null;
  for (const frame of sent) {
    if (lengths) {
      let rest = frame;
      for (const length of lengths) [messages[messages.length], rest] = [rest.slice(0, length), rest.slice(length)];
      if (rest.length > 0 || typeof frame === "string") throw new Error(`no frame of ${lengths}: ${frame}`);
      lengths = null;
    } else if (typeof frame !== "string" || frame[0] !== RESERVED) messages.push(frame);
    else if (frame[1] === RESERVED) messages.push(frame.slice(1));
    else {
      const [name, count, ...rest] = frame.slice(1).split(" ");
      const body = rest.join(" ");
      if (name === "binaries") lengths = JSON.parse(`[${body}]`);
      else if (name === "texts") messages.push(...cutTexts(body));
      else controls.push({ name, count: Number(count), body: name === "part" ? body : readBody(body) });
    }
  }
  return { controls, messages };
}

const readBody = (body) => (body === "" ? undefined : JSON.parse(body));

function cutTexts(unit) {
  const start = unit.indexOf(RESERVED);
  let rest = unit.slice(start + 1);
  const texts = JSON.parse(`[${unit.slice(0, start)}]`).map((length) => {
    const text = rest.slice(0, length);
    if (rest[length] !== RESERVED) throw new Error(`a wrong cut: ${JSON.stringify(unit)}`);
    rest = rest.slice(length + 1);
    return text;
  });
  if (rest !== "") throw new Error(`something is left over: ${JSON.stringify(unit)}`);
  return texts;
}
