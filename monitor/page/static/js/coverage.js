// How complete the trades of the last two days are: a cell for each product and hour.

import { $, element, setText } from "./dom.js";
import { count } from "./format.js";

const HOURS = 48;
const SHOWN_ON_PHONES = 24;
const HOUR_S = 3_600;
const AGAIN_MS = 120_000;
const AFTER_FAULT_MS = 15_000;
const WORDS = {
  full: "complete", filled: "complete, partly backfilled", few: "under 1 % missing", many: "more than 1 % missing", none: "no trades",
};

export async function keepCoverage() {
  const answer = document.hidden ? null : await fetch("api/coverage").catch(() => null);
  const body = await answer?.json().catch(() => null);
  if (answer?.ok && body) show(body.products);
  else if (!document.hidden) setText($("coverage-note"), body?.error ?? "The page's server does not answer.");
  setTimeout(keepCoverage, answer?.ok ? AGAIN_MS : AFTER_FAULT_MS);
}

function show(products) {
  const newest = Math.floor(Date.now() / 1000 / HOUR_S) * HOUR_S;
  const hours = Array.from({ length: HOURS }, (_, index) => newest - (HOURS - 1 - index) * HOUR_S);
  $("coverage").tHead.replaceChildren(heading(hours));
  $("coverage").tBodies[0].replaceChildren(...products.map((product) => productRow(product, hours)));
  const missing = products.flatMap((product) => product.hours).reduce((sum, hour) => sum + hour[3], 0);
  const words = missing ? `${count(missing)} trades are missing.` : "No trade between the first and the last is missing.";
  setText($("coverage-note"), products.length ? words : "No hour has been counted yet; the first is a minute or two after the first trades.");
}

function heading(hours) {
  const row = element("tr");
  row.append(element("th", { scope: "col", class: "label" }, "Product"));
  hours.forEach((hour, index) => {
    const ofDay = new Date(hour * 1000).getUTCHours();
    const cell = element("th", { scope: "col", class: old(index) });
    const words = `${String(ofDay).padStart(2, "0")}:00`;
    cell.append(...(ofDay % 6 === 0 ? [words.slice(0, 2)] : [element("span", { class: "hidden-text" }, words)]));
    row.append(cell);
  });
  return row;
}

function productRow({ product_id: product, source, hours: known }, hours) {
  const found = new Map(known.map((hour) => [hour[0], hour]));
  const row = element("tr");
  const name = source === "simulator" ? { title: "simulated" } : {};
  row.append(element("th", { scope: "row", class: "label", ...name }, product));
  hours.forEach((hour, index) => row.append(cellOf(found.get(hour), hour, index)));
  return row;
}

function cellOf(found, hour, index) {
  const level = found ? levelOf(found) : "none";
  const at = new Date(hour * 1000).toISOString().slice(0, 16).replace("T", " ");
  const figures = found ? `: ${count(found[1])} received, ${count(found[2])} backfilled, ${count(found[3])} missing` : "";
  const cell = element("td", { class: `cell ${level} ${old(index)}`, title: `${at} UTC, ${WORDS[level]}${figures}` });
  cell.append(element("span", { class: "hidden-text" }, WORDS[level]));
  return cell;
}

function levelOf([, received, filled, missing]) {
  if (!missing) return filled ? "filled" : received ? "full" : "none";
  return missing < 0.01 * (received + filled + missing) ? "few" : "many";
}

function old(index) {
  return index < HOURS - SHOWN_ON_PHONES ? "old" : "";
}
