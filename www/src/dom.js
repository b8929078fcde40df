// Small helpers around the document.

/** The element of that id; every id the scripts use stands in index.html. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element with a class and text. */
export function make(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

/** Appends to a list that scrolls, drops what passes `limit` from its start, and keeps its end in view if it was. */
export function appendScrolled(list, item, limit) {
  if (!scrolling.has(list) && isAtEnd(list)) {
    // One look at the layout for a whole burst of items.
    scrolling.add(list);
    requestAnimationFrame(() => {
      scrolling.delete(list);
      list.scrollTop = list.scrollHeight;
    });
  }
  list.append(item);
  if (list.childElementCount > limit) list.firstElementChild.remove();
}

const scrolling = new Set();
const isAtEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 40;

/** Runs `work` every `period` ms until the client has closed for good. */
export function whileOpen(client, period, work) {
  const timer = setInterval(work, period);
  client.on("close", () => {
    clearInterval(timer);
    work();
  });
  work();
}

/** A duration as people say it: "840 ms", "5.2 s", "3 min". */
export function spoken(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
