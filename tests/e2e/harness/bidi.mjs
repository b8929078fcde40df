// Console errors over WebDriver BiDi, for the driver that has no log of its own.
import WebSocket from "ws";

/** Resolves with an array to which every error that any page logs is appended, as text, for as long as the browser lives. */
export async function consoleErrors(url) {
  const errors = [];
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const subscribed = new Promise((resolve, reject) => {
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.id === 1) message.type === "success" ? resolve() : reject(new Error(message.message));
      else if (message.method === "log.entryAdded" && message.params.level === "error")
        errors.push(describe(message.params));
    });
  });
  socket.on("error", () => {}); // the browser's end is the socket's end
  socket.send(JSON.stringify({ id: 1, method: "session.subscribe", params: { events: ["log.entryAdded"] } }));
  await subscribed;
  return errors;
}

function describe({ text, stackTrace }) {
  const [frame] = stackTrace?.callFrames ?? [];
  return frame ? `${text} (${frame.url}:${frame.lineNumber + 1})` : text;
}
