// Sudden moves, the newest first.

import { $, element } from "./dom.js";
import { moment, money, percent } from "./format.js";

const NAMES = { FLASH_CRASH: "Flash crash", PRICE_SURGE: "Price surge" };

export function showAlerts(alerts, fault) {
  const newest = Object.values(alerts).sort((a, b) => b.triggered_ms - a.triggered_ms);
  const list = $("alerts");
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = newest.map((alert) => known.get(alert.alert_id) ?? newItem(alert));
  if (!items.length) {
    const words = fault ? "Past alerts cannot be had: Presto does not answer." : "None.";
    if (list.textContent !== words) list.replaceChildren(element("li", { class: "none" }, words));
  } else if (items.length !== list.children.length || items.some((item, index) => list.children[index] !== item)) {
    list.replaceChildren(...items);
  }
}

function newItem(alert) {
  const way = Number(alert.move_pct) < 0 ? "down" : "up";
  const item = element("li", { "data-key": alert.alert_id });
  const move = element("b", { class: way }, `${way === "down" ? "▼" : "▲"} ${NAMES[alert.alert_type] ?? alert.alert_type}`);
  const words = ` ${alert.product_id} ${percent(Number(alert.move_pct))} within ${alert.window_s} s, to ${money(alert.price)}`;
  const mark = alert.source === "simulator" ? " · simulated" : "";
  item.append(move, words, element("span", { class: "when" }, `${moment(alert.triggered_ms)} UTC${mark}`));
  return item;
}
