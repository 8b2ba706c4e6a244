// Elements that change only where their content does.

export const $ = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Show items as rows in this order. Each column is a function of the item to text, or to {text, class, title, href}.
export function fillTable(body, items, keyOf, columns) {
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => {
    const key = keyOf(item);
    const row = known.get(key) ?? newRow(key, columns.length);
    columns.forEach((column, index) => fillCell(row.cells[index], column(item)));
    return row;
  });
  if (rows.length !== body.rows.length || rows.some((row, index) => body.rows[index] !== row)) {
    body.replaceChildren(...rows);
  }
}

function newRow(key, cells) {
  const row = element("tr", { "data-key": key });
  for (let index = 0; index < cells; index += 1) row.append(element("td"));
  return row;
}

function fillCell(cell, content) {
  const { text, class: name = "", title = "", href } = typeof content === "object" ? content : { text: content };
  if (cell.className !== name) cell.className = name;
  if (cell.title !== title) cell.title = title;
  if (!href) {
    setText(cell, text);
  } else if (cell.firstElementChild?.getAttribute("href") !== href || cell.textContent !== text) {
    cell.replaceChildren(element("a", { href }, text));
  }
}
