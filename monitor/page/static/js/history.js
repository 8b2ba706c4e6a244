// A coin's daily closes since its first day.

import { $, element, setText } from "./dom.js";
import { day, money, short } from "./format.js";
import { Chart } from "./chart.js";

const DAY_S = 86_400;

export class History {
  constructor(coins) {
    this.select = $("coin");
    this.select.append(...coins.map((coin) => element("option", { value: coin }, coin)));
    this.chart = new Chart($("history"), {
      label: "Daily close of the chosen coin since its first day",
      point: (x, y) => `${day(x)}: ${money(y)} USD`,
      axis: short,
      rows: lastOfEachYear,
      log: true,
    });
    this.select.addEventListener("change", () => this.load());
    $("log").addEventListener("change", (event) => this.chart.setLog(event.target.checked));
    this.load();
  }

  async load() {
    const coin = this.select.value;
    const answer = await fetch(`api/history?coin=${encodeURIComponent(coin)}`).catch(() => null);
    const body = answer ? await answer.json().catch(() => null) : null;
    if (coin !== this.select.value) return; // another was chosen meanwhile
    if (!answer?.ok || !body) this.fail(body?.error ?? "The page's server does not answer.");
    else this.show(body);
  }

  fail(words) {
    this.chart.empty("no history right now");
    setText($("history-note"), words);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.load(), 15_000);
  }

  show({ coin, first_day: first, closes, sources }) {
    setText($("history-mark"), sources.some((one) => one.source === "simulator") ? "SIMULATED" : "");
    $("history-mark").className = $("history-mark").textContent ? "mark simulated" : "";
    if (!first) {
      this.chart.empty(`no daily prices of ${coin} yet`);
      setText($("history-note"), `pipeline/init/init_coin_data.sh ${coin} fetches them since 2013.`);
      return;
    }
    const start = Date.parse(first) / 1000;
    this.chart.set(closes.map((_, index) => start + index * DAY_S), closes);
    setText($("history-note"), `Sources: ${summary(sources)}`);
  }
}

// Each source with the days that it gave; many short runs of one are one.
function summary(sources) {
  const spans = new Map();
  for (const { source, from, to } of sources) {
    const known = spans.get(source);
    spans.set(source, known ? [known[0], to] : [from, to]);
  }
  return [...spans].map(([source, [from, to]]) => `${source} ${from} to ${to}`).join("; ");
}

function lastOfEachYear(points) {
  const years = new Map(points.map(([x, y]) => [day(x).slice(0, 4), [day(x), money(y)]]));
  return [...years.values()].reverse();
}
