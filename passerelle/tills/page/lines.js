// The lines of the order on the screen: drawn where they changed, so that nobody loses what he types.

import { $, change, isOthers, made, tell, words } from "./desk.js";
import { amountOf, cents, decimal, shown, typed } from "./money.js";
import { focusScan, isNumber, scan } from "./scan.js";
import { _, language } from "./words.js";

const rows = new Map();
const body = $("#lines tbody");
const local = (text) => (language === "fr" ? text.replace(".", ",") : text);

export function drawLines(view) {
  const lines = Object.entries(view?.lines ?? {});
  const isOpen = view?.state === "draft" && !isOthers(view);
  const ids = new Set(lines.map(([id]) => id));
  for (const [id, row] of rows) {
    if (!ids.has(id) || row.order !== view?.id) { row.remove(); rows.delete(id); }
  }
  for (const [id, line] of lines) {
    if (!rows.has(id)) rows.set(id, body.appendChild(newRow(id, view.id)));
    fill(rows.get(id), line, isOpen);
  }
  $("#lines").hidden = !lines.length;
}

function newRow(id, of) {
  const row = made("tr");
  row.order = of;
  const name = made("td", "", { className: "name" });
  name.append(made("b"), made("small"));
  const quantity = made("td", "", { className: "qty" });
  quantity.append(button("−", () => less(id)), input(id, "qty", 3), button("+", () => more(id)));
  const price = made("td", "", { className: "price" });
  price.append(input(id, "price", 2));
  const drop = made("td", "", { className: "drop" });
  drop.append(button("×", () => change(() => [{ op: "drop", id }])));
  row.append(name, quantity, price, made("td", "", { className: "sum" }), drop);
  return row;
}

function button(text, deed) {
  const one = made("button", text, { type: "button" });
  one.addEventListener("click", deed);
  return one;
}

const more = (id) => change(() => [{ op: "line", id, add: { qty: 1 } }]);

function less(id) {
  return change((view) => {
    const held = decimal(view?.lines[id]?.qty);
    const isLast = held && held.digits <= 10n ** BigInt(held.scale);
    return [isLast ? { op: "drop", id } : { op: "line", id, add: { qty: -1 } }];
  });
}

function input(id, field, places) {
  const one = made("input", "", { type: "text", inputMode: "decimal", autocomplete: "off" });
  one.addEventListener("focus", () => one.select());
  one.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { one.value = one.dataset.shown; one.blur(); }
    if (event.key === "Enter") { event.preventDefault(); commit(one, id, field, places).then(focusScan); }
  });
  one.addEventListener("change", () => commit(one, id, field, places));
  return one;
}

async function commit(one, id, field, places) {
  const text = one.value.trim(), before = one.dataset.shown;
  if (text === before) return;
  one.dataset.shown = text;  // Enter and the change that follows it are one
  const value = typed(text, places);
  if (value === null) {
    restore(one, before);
    if (isNumber(text)) return scan(text);
    return tell(_("This is no number: {text}", { text }));
  }
  const isNone = field === "qty" && Number(value) === 0;
  const set = field === "qty" ? { qty: Number(value) } : { price: withCents(value) };
  const done = await change(() => [isNone ? { op: "drop", id } : { op: "line", id, set }]);
  if (!done) restore(one, before);
}

function restore(one, before) {
  one.value = one.dataset.shown = before;
}

const withCents = (value) => {
  const [whole, part = ""] = value.split(".");
  return `${whole}.${part.padEnd(2, "0")}`;
};

function fill(row, line, isOpen) {
  const [name, quantity, price, sum, drop] = row.children;
  const called = line.name || line.ean13 || "";
  words($("b", name), String(called));
  words($("small", name), line.name && line.ean13 ? String(line.ean13) : "");
  const amount = amountOf(line);
  words(sum, amount ? shown(cents(amount), language) : "?");
  put($("input", quantity), line.qty, _("Quantity of {item}", { item: called }), isOpen);
  put($("input", price), line.price, _("Price of {item}", { item: called }), isOpen);
  const [minus, plus] = quantity.querySelectorAll("button");
  label(minus, _("One less of {item}", { item: called }), isOpen);
  label(plus, _("One more of {item}", { item: called }), isOpen);
  label($("button", drop), _("Take {what} away", { what: called }), isOpen);
}

function put(one, value, name, isOpen) {
  const text = local(String(value ?? ""));
  const isDirty = document.activeElement === one && one.value !== one.dataset.shown;
  if (!isDirty && one.dataset.shown !== text) one.value = one.dataset.shown = text;
  one.setAttribute("aria-label", name);
  one.readOnly = !isOpen;
}

function label(one, text, isOpen) {
  one.setAttribute("aria-label", text);
  one.title = text;
  one.hidden = !isOpen;
}
