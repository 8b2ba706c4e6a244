// The page: the lake's state as the server's updates bring it, and the parts that show it.

import { $, setText } from "./dom.js";
import { age } from "./format.js";
import { Stream } from "./stream.js";
import { Live } from "./live.js";
import { History } from "./history.js";
import { showAlerts } from "./alerts.js";
import { keepCoverage } from "./coverage.js";
import { keyOf, showCoins, showMarks, showProducts, showTape, withWay } from "./markets.js";
import { showFaults, showLinks, showRoom, showServices, showTables, showTopics } from "./health.js";

const SECTIONS = ["products", "coins", "stats", "alerts", "services", "topics", "tables", "market", "disk", "hdfs", "notes", "faults"];
const KEPT_TRADES = 12;
const AGAIN_MS = 3_000;
const STATES = { live: "live", lost: "connection lost, trying again", paused: "paused while hidden" };

let lake = nothing();
let links = [];
let clockAhead = 0; // ms by which the server's clock is ahead of ours
let behind = null; // ms from a trade's arrival to the update that brought it
const rates = []; // [server's ms, trades] of the last seconds
const live = new Live();

function nothing() {
  return { ...Object.fromEntries(SECTIONS.map((name) => [name, {}])), trades: [] };
}

function merge(update) {
  for (const name of SECTIONS) {
    for (const [key, value] of Object.entries(update[name] ?? {})) {
      if (value === null) delete lake[name][key];
      else lake[name][key] = name === "products" ? withWay(value, lake.products[key]) : value;
    }
  }
  const known = new Set(lake.trades.map(keyOf));
  lake.trades.push(...(update.trades ?? []).filter((trade) => !known.has(keyOf(trade))));
  lake.trades.splice(0, lake.trades.length - KEPT_TRADES);
  clockAhead = update.now - Date.now();
}

const PARTS = {
  coins: () => showCoins(lake, now()),
  alerts: () => showAlerts(lake.alerts, lake.faults.alerts),
  services: () => { showServices(lake, links); showLinks(lake, links); },
  notes: () => showServices(lake, links),
  market: () => { showMarks(lake.market); showServices(lake, links); },
  topics: () => showTopics(lake),
  tables: () => showTables(lake),
  disk: () => showRoom(lake),
  hdfs: () => showRoom(lake),
  faults: () => { showFaults(lake.faults); showAlerts(lake.alerts, lake.faults.alerts); },
  trades: () => showTape(lake.trades),
  points: (update) => live.add(update.points),
};

function now() {
  return Date.now() + clockAhead;
}

function onUpdate(update) {
  merge(update);
  if (update.traded) {
    rates.push([update.now, update.traded]);
    behind = update.now - update.trades[update.trades.length - 1].received_ms;
  }
  if (update.products || update.stats) showProducts(lake, now());
  for (const [name, show] of Object.entries(PARTS)) if (update[name]) show(update);
}

function onSnapshot(update) {
  lake = nothing();
  merge(update);
  showProducts(lake, now());
  for (const [name, show] of Object.entries(PARTS)) if (name !== "points") show(update);
  live.load();
}

function onState(state) {
  $("connection").dataset.state = state;
  setText($("connection"), STATES[state]);
}

// Ages grow without an update, and the rate falls.
function tick() {
  showProducts(lake, now());
  showCoins(lake, now());
  while (rates.length && rates[0][0] < now() - 10_000) rates.shift();
  const trades = rates.reduce((sum, rate) => sum + rate[1], 0);
  setText($("behind"), trades && behind != null ? `trades ${age(behind / 1000)} behind` : "");
  setText($("rate"), trades ? `${(trades / 10).toFixed(trades < 100 ? 1 : 0)} a second` : "");
}

async function begin() {
  const start = await fetch("api/start").then((answer) => answer.json()).catch(() => null);
  if (!start) {
    setTimeout(begin, AGAIN_MS); // the server is being restarted
    return;
  }
  links = start.links;
  live.offer(start.products);
  new Stream({ onSnapshot, onUpdate, onState });
  new History(start.coins);
  keepCoverage();
  setInterval(tick, 1_000);
}

begin();
