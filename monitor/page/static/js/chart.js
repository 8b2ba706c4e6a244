// A line over time: uPlot, with a layer for keyboards and screen readers.
//
// The plot is a slider over its points. Arrow keys move by one, Page Up and Page Down by a tenth, Home and End to the
// ends; Escape goes back to the newest. What a point says is the slider's value, which screen readers speak, and stands
// below the plot. The same values are in a table that opens below.

import { element, fillTable, setText } from "./dom.js";

const HEIGHT = 230;
const DAY_S = 86_400;
const YEAR_S = 360 * DAY_S;
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

export class Chart {
  // `point(x, y)` says a point in words, `axis(y)` labels the axis, `rows(points)` picks those of the table.
  constructor(holder, { label, point, axis, rows, log = false }) {
    Object.assign(this, { point, axis, rows, log, xs: [], ys: [], held: null });
    this.plot = element("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": label });
    this.readout = element("p", { class: "readout", "aria-hidden": "true" });
    this.table = element("table", { class: "figures" });
    this.table.append(headings(), element("tbody"));
    this.values = element("details", { class: "values" });
    this.values.append(element("summary", {}, "Values as a table"), this.table);
    holder.replaceChildren(this.plot, this.readout, this.values);
    this.values.addEventListener("toggle", () => this.fillValues());
    this.plot.addEventListener("keydown", (event) => this.press(event));
    this.plot.addEventListener("blur", () => this.hold(null));
    new ResizeObserver(() => this.resize()).observe(this.plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.say();
  }

  // Show points; y is null where the line is interrupted.
  set(xs, ys) {
    const held = this.held == null ? -1 : xs.indexOf(this.xs[this.held]); // its index may be another one now
    [this.xs, this.ys, this.held] = [xs, ys, held < 0 ? null : held];
    if (!this.uplot || !xs.length) this.draw();
    else this.uplot.setData([xs, ys]);
    if (this.held != null) this.moveTo(this.held);
    this.say();
    this.fillValues();
  }

  // Show words in the place of the line.
  empty(words) {
    [this.xs, this.ys, this.held] = [[], [], null];
    this.uplot?.destroy();
    this.uplot = null;
    this.plot.replaceChildren(element("p", { class: "empty" }, words));
    this.say();
    this.fillValues();
  }

  setLog(log) {
    this.log = log;
    this.draw();
  }

  draw() {
    this.uplot?.destroy();
    this.uplot = null;
    if (!this.xs.length || !this.plot.clientWidth) return;
    this.plot.replaceChildren();
    this.uplot = new uPlot(this.options(), [this.xs, this.ys], this.plot);
  }

  options() {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const lines = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    return {
      width: this.plot.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: this.log ? { distr: 3 } : {} },
      axes: [{ ...lines, values: times }, { ...lines, size: 64, values: (_, ys) => ys.map((y) => (y == null ? "" : this.axis(y))) }],
      series: [{}, { stroke: color("--accent"), width: 1.5, spanGaps: false, points: { show: false } }],
      hooks: { setCursor: [(plot) => this.say(plot.cursor.idx)] },
    };
  }

  resize() {
    const width = this.plot.clientWidth;
    if (!this.uplot) this.draw();
    else if (width && width !== this.uplot.width) this.uplot.setSize({ width, height: HEIGHT });
  }

  press(event) {
    const last = this.xs.length - 1;
    if (last < 0) return;
    const from = this.held ?? last;
    const tenth = Math.max(1, Math.round(last / 10));
    const jumps = { PageUp: from + tenth, PageDown: from - tenth, Home: 0, End: last };
    if (event.key === "Escape") this.hold(null);
    else if (event.key in STEPS) this.hold(this.nearest(from + STEPS[event.key], STEPS[event.key]));
    else if (event.key in jumps) this.hold(this.nearest(jumps[event.key], event.key === "End" ? -1 : 1));
    else return;
    event.preventDefault();
  }

  // The point at an index, or the next one in the direction: gaps say nothing.
  nearest(index, direction) {
    const last = this.xs.length - 1;
    let at = Math.max(0, Math.min(last, index));
    while (this.ys[at] == null && at + direction >= 0 && at + direction <= last) at += direction;
    return this.ys[at] == null ? this.held : at;
  }

  hold(index) {
    this.held = index;
    if (index == null) this.uplot?.setCursor({ left: -10, top: -10 });
    else this.moveTo(index);
    this.say();
  }

  moveTo(index) {
    this.uplot?.setCursor({ left: this.uplot.valToPos(this.xs[index], "x"), top: 0 });
  }

  // Say the held point, else the one under the mouse, else the newest.
  say(hovered = null) {
    const last = this.xs.length - 1;
    const index = this.held ?? hovered ?? last;
    const words = index >= 0 && this.ys[index] != null ? this.point(this.xs[index], this.ys[index]) : "no value";
    setText(this.readout, this.xs.length ? words : "");
    if (hovered != null && this.held == null) return; // the mouse does not move the slider
    const values = { valuemin: 0, valuemax: Math.max(0, last), valuenow: Math.max(0, index), valuetext: words };
    for (const [name, value] of Object.entries(values)) this.plot.setAttribute(`aria-${name}`, value);
  }

  fillValues() {
    if (!this.values.open) return;
    const points = this.xs.map((x, index) => [x, this.ys[index]]).filter(([, y]) => y != null);
    const columns = [(row) => row[0], (row) => ({ text: row[1], class: "n" })];
    fillTable(this.table.tBodies[0], this.rows(points), (row) => row[0], columns);
  }
}

// 24 hours, and no more of a date than the steps need.
function times(_plot, moments, _axis, _space, step) {
  const [from, to] = step >= YEAR_S ? [0, 4] : step >= DAY_S ? [0, 10] : step >= 60 ? [11, 16] : [11, 19];
  return moments.map((seconds) => new Date(seconds * 1000).toISOString().slice(from, to));
}

function headings() {
  const row = element("tr");
  row.append(element("th", { scope: "col" }, "Time, UTC"), element("th", { scope: "col", class: "n" }, "Price, USD"));
  const head = element("thead");
  head.append(row);
  return head;
}
