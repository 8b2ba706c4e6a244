// How the lake is: services, topics, tables, room, and what is wrong.

import { $, element, fillTable, setText } from "./dom.js";
import { age, bytes, count, DASH } from "./format.js";

const LOW = 0.05; // of a disk: below it is said loudly

export function showServices(lake, links) {
  const services = Object.values(lake.services);
  const pages = new Map(links.map((link) => [link.name, addressOf(link)]));
  const down = services.filter((service) => !service.up);
  setText($("services-sum"), !services.length ? "" : down.length ? `${down.length} down` : `all ${services.length} up`);
  fillTable($("services").tBodies[0], services, (service) => service.name, [
    (service) => ({ text: service.name, href: pages.get(service.name) }),
    (service) => ({ text: service.up ? "up" : "DOWN", class: service.up ? "state" : "state down" }),
    (service) => ({ text: service.rss_mb == null ? DASH : `${count(service.rss_mb)} MB`, class: "n" }),
    (service) => ({ text: service.url.replace(/^https?:\/\//, ""), class: "roomy muted" }),
  ]);
  const notes = [...(lake.notes.notes ?? []), ...(lake.market.fault ? [lake.market.fault] : [])];
  if ($("notes").textContent !== notes.join("")) {
    $("notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
  }
}

export function addressOf({ url, port, path }) {
  return `${url ?? `${location.protocol}//${location.hostname}:${port}`}${path}`;
}

export function showLinks(lake, links) {
  const here = links.filter((link) => link.url || lake.services[link.name]);
  const told = here.map((link) => link.name).join();
  if ($("links").dataset.told === told) return;
  $("links").dataset.told = told;
  $("links").replaceChildren(...here.map((link) => {
    const item = element("li");
    item.append(element("a", { href: addressOf(link) }, link.title));
    return item;
  }));
}

export function showTopics(lake) {
  fillTable($("topics").tBodies[0], Object.values(lake.topics), (topic) => topic.name, [
    (topic) => topic.name,
    (topic) => ({ text: count(topic.end_offset), class: "n" }),
    (topic) => ({ text: count(topic.lag), class: "n strong" }),
  ]);
}

export function showTables(lake) {
  const tables = Object.values(lake.tables).sort((a, b) => (a.name < b.name ? -1 : 1));
  fillTable($("tables").tBodies[0], tables, (table) => table.name, [
    (table) => table.name.replace("iceberg.", ""),
    (table) => ({ text: count(table.rows), class: "n" }),
    (table) => ({ text: age(table.freshness_s), class: "n" }),
    (table) => ({ text: count(table.data_files), class: "n" }),
  ]);
}

export function showRoom(lake) {
  const rooms = [["Disk of the home, free", lake.disk], ["HDFS, free", lake.hdfs]].filter(([, room]) => room.total);
  $("room").replaceChildren(...rooms.map(([title, { free, total }]) => {
    const row = element("div");
    const words = `${bytes(free)} of ${bytes(total)}`;
    row.append(element("dt", {}, title), element("dd", { class: free < LOW * total ? "low" : "" }, words));
    return row;
  }));
}

// Each fault once, however many questions met it.
export function showFaults(faults) {
  const words = [...new Set(Object.values(faults))].join(" · ");
  $("faults").hidden = !words;
  setText($("faults"), words);
}
