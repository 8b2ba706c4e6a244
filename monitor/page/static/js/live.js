// The line of the last 15 minutes of one product.

import { $, element } from "./dom.js";
import { clock, money } from "./format.js";
import { Chart } from "./chart.js";

const SPAN_S = 900;

export class Live {
  constructor() {
    this.lines = {};
    this.select = $("product");
    this.chart = new Chart($("live"), {
      label: "Price of the chosen product over the last 15 minutes",
      point: (x, y) => `${clock(x * 1000)} UTC: ${money(y)}`,
      axis: (y) => money(y),
      rows: lastOfEachMinute,
    });
    this.select.addEventListener("change", () => this.draw());
    this.chart.empty("waiting for trades");
  }

  // Fetch the lines as the server has them: after a start, and whenever updates were missed.
  async load() {
    const answer = await fetch("api/recent");
    if (!answer.ok) return;
    this.lines = await answer.json();
    this.draw();
  }

  offer(products) {
    this.select.replaceChildren(...products.map((product) => element("option", { value: product }, product)));
  }

  add(points) {
    for (const [product, fresh] of Object.entries(points)) {
      const line = (this.lines[product] ??= []);
      for (const point of fresh) append(line, point);
    }
    if (this.select.value in points) this.draw();
  }

  draw() {
    const line = this.lines[this.select.value] ?? [];
    if (!line.length) return;
    const start = line[line.length - 1][0] - SPAN_S;
    while (line[0][0] < start) line.shift();
    this.chart.set(line.map((point) => point[0]), line.map((point) => point[1]));
  }
}

// A second's newest price takes the place of the one before; what is older than the line's end is known already.
function append(line, point) {
  const last = line[line.length - 1];
  if (!last || point[0] > last[0]) line.push(point);
  else if (point[0] === last[0] && point[1] != null) line[line.length - 1] = point;
}

function lastOfEachMinute(points) {
  const minutes = new Map(points.map(([x, y]) => [clock(x * 1000).slice(0, 5), money(y)]));
  return [...minutes].reverse();
}
