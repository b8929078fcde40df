// Health score and round-trip time over the last two minutes, on two canvases.
import { byId, spoken, whileOpen } from "./dom.js";

const SPAN = 120_000;
const PERIOD = 500;
const canvases = { score: byId("score-chart"), rtt: byId("rtt-chart") };
const scheme = matchMedia("(prefers-color-scheme: dark)");
let samples = [];

/** Samples `client` twice a second. The history goes on when another client takes over. */
export function watchCharts(client) {
  whileOpen(client, PERIOD, () => {
    const at = performance.now();
    const { score, rtt } = client.health;
    samples.push({ at, score, rtt, up: client.state === "open" });
    samples = samples.filter((sample) => at - sample.at <= SPAN);
    draw();
  });
}

scheme.addEventListener("change", draw);
// Drawing fits the canvas to its new box, which is a change of size within the notice of one.
new ResizeObserver(() => requestAnimationFrame(draw)).observe(canvases.score);

function draw() {
  const top = scaleFor(Math.max(10, ...samples.map((sample) => sample.rtt ?? 0)));
  drawSeries(canvases.score, "score", 100);
  drawSeries(canvases.rtt, "rtt", top);
  byId("rtt-scale").textContent = `0 to ${spoken(top)}`;
  const last = samples.at(-1);
  canvases.score.setAttribute(
    "aria-label",
    `Health score over the last two minutes, now ${Math.round(last?.score ?? 0)} of 100`,
  );
  canvases.rtt.setAttribute(
    "aria-label",
    `Round-trip time over the last two minutes, now ${last?.rtt == null ? "unknown" : spoken(last.rtt)}`,
  );
}

/** The next of 10, 20, 50, 100, … that holds `value`, so that the line does not jump at every sample. */
function scaleFor(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10);
}

function drawSeries(canvas, key, top) {
  const { width, height, context } = fitted(canvas);
  if (width === 0) return;
  const colours = getComputedStyle(canvas);
  const now = performance.now();
  const x = (at) => width - ((now - at) / SPAN) * width;
  const y = (value) => height - 2 - (Math.min(value, top) / top) * (height - 6);
  context.clearRect(0, 0, width, height);
  shadeOutages(context, x, height, colours.getPropertyValue("--outage"));
  drawGrid(
    context,
    width,
    [0.5, 1].map((part) => y(top * part)),
    colours.getPropertyValue("--line"),
  );
  drawLine(context, key, x, y, height, colours.getPropertyValue("--accent"));
}

/** Matches the canvas's pixels to the space it has on the screen. */
function fitted(canvas) {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height, context };
}

function shadeOutages(context, x, height, colour) {
  context.fillStyle = colour;
  samples.forEach((sample, index) => {
    if (sample.up) return;
    const end = samples[index + 1]?.at ?? performance.now();
    context.fillRect(x(sample.at), 0, Math.max(1, x(end) - x(sample.at) + 0.5), height);
  });
}

function drawGrid(context, width, heights, colour) {
  context.fillStyle = colour;
  for (const at of heights) context.fillRect(0, Math.round(at), width, 1);
}

function drawLine(context, key, x, y, height, colour) {
  for (const run of unbroken(key)) {
    const line = new Path2D();
    for (const sample of run) line.lineTo(x(sample.at), y(sample[key]));
    const area = new Path2D(line);
    area.lineTo(x(run.at(-1).at), height);
    area.lineTo(x(run[0].at), height);
    context.fillStyle = colour;
    context.globalAlpha = 0.12;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.stroke(line);
  }
}

/** Runs of neighbouring samples that have a value. */
function unbroken(key) {
  const runs = [[]];
  for (const sample of samples) {
    if (sample[key] === null) runs.push([]);
    else runs.at(-1).push(sample);
  }
  return runs.filter((run) => run.length > 0);
}
