// What is traded right now: the table of products, the newest trades, the coins' prices, and whether they are simulated.

import { $, element, fillTable, setText } from "./dom.js";
import { age, clock, count, money, percent, short } from "./format.js";

const MARKS = [["prices", "Prices"], ["trades", "Trades"]];

export function showProducts(lake, now) {
  const stats = (trade) => lake.stats[trade.product_id] ?? {};
  const products = Object.values(lake.products).sort((a, b) => (a.product_id < b.product_id ? -1 : 1));
  fillTable($("trades").tBodies[0], products, (trade) => trade.product_id, [
    (trade) => ({ text: trade.product_id, class: "strong" }),
    (trade) => ({ text: money(trade.price), class: `n price ${trade.way ?? ""}` }),
    (trade) => against(trade.price, stats(trade).avg_price),
    (trade) => ({ text: money(stats(trade).avg_price), class: "n roomy" }),
    (trade) => ({ text: range(stats(trade)), class: "n roomy" }),
    (trade) => ({ text: short(stats(trade).volume), class: "n" }),
    (trade) => ({ text: count(stats(trade).trades), class: "n roomy" }),
    (trade) => ({ text: age((now - trade.received_ms) / 1000), class: "n muted" }),
  ]);
  const ends = Object.values(lake.stats).map((row) => row.window_end_ms);
  const words = ends.length ? `1 h figures: the hour until ${clock(Math.max(...ends)).slice(0, 5)} UTC` : "";
  setText($("stats-note"), lake.faults.stats ? "1 h figures cannot be had: Presto does not answer" : words);
}

function range({ min_price: low, max_price: high }) {
  return low == null ? money(null) : `${money(low)} – ${money(high)}`;
}

function against(price, mean) {
  if (mean == null) return { text: percent(null), class: "n" };
  const change = 100 * (Number(price) / Number(mean) - 1);
  return { text: percent(change), class: `n ${change < 0 ? "down" : "up"}` };
}

// Whether a price rose or fell against the one that is shown.
export function withWay(trade, before) {
  const change = before ? Number(trade.price) - Number(before.price) : 0;
  return { ...trade, way: change > 0 ? "up" : change < 0 ? "down" : before?.way };
}

export function keyOf(trade) {
  return `${trade.product_id} ${trade.trade_id}`;
}

export function showTape(trades) {
  fillTable($("tape").tBodies[0], [...trades].reverse(), keyOf, [
    (trade) => ({ text: clock(trade.traded_ms), class: "muted" }),
    (trade) => trade.product_id,
    (trade) => ({ text: money(trade.price), class: "n" }),
    (trade) => ({ text: short(trade.size), class: "n" }),
    (trade) => trade.side,
  ]);
}

export function showCoins(lake, now) {
  const coins = Object.values(lake.coins).sort((a, b) => (a.coin < b.coin ? -1 : 1));
  fillTable($("coins").tBodies[0], coins, (price) => price.coin, [
    (price) => ({ text: price.coin, class: "strong" }),
    (price) => ({ text: money(price.price), class: "n" }),
    (price) => ({ text: price.source, class: "muted" }),
    (price) => ({ text: age((now - price.event_ms) / 1000), class: "n muted" }),
  ]);
}

export function showMarks(market) {
  const marks = MARKS.filter(([name]) => market[name]).map(([name, title]) => {
    const simulated = market[name].kind === "simulator";
    const text = `${title} ${simulated ? "SIMULATED" : "live"}`;
    return element("li", { class: simulated ? "mark simulated" : "mark", title: market[name].reason }, text);
  });
  const told = marks.map((mark) => mark.textContent).join();
  if ($("marks").dataset.told !== told) $("marks").replaceChildren(...marks);
  $("marks").dataset.told = told;
}
