// Finding what is sold: a scanner types digits and Enter; a person types words and chooses.

import { $, add, made, order, tell } from "./desk.js";
import { call } from "./agent.js";
import { decimal, cents, shown } from "./money.js";
import { _, language } from "./words.js";

const find = $("#find"), hits = $("#hits");
let found = [], chosen = -1, timer, asked = 0;

const bare = (text) => text.replace(/^0+/, "");
// Files and scanners write the zeros in front of a number, or leave them out.
const spellings = (text) => new Set(isNumber(text) ? [text, bare(text), `0${bare(text)}`, `00${bare(text)}`] : [text]);
export const isNumber = (text) => /^\d{8,14}$/.test(text);

export function focusScan() {
  if (matchMedia("(pointer: fine)").matches) find.focus();
}

async function search(text) {
  try {
    const { status, value } = await call("GET", `/local/items?q=${encodeURIComponent(text)}`);
    return status === 200 ? value : [];
  } catch {
    return null;
  }
}

export async function scan(text) {
  close();
  let items, exact;
  for (const spelling of spellings(text)) {
    const hits = await search(spelling);
    if (!hits) return add({ ean13: text }); // which tells that there is no answer
    items ??= hits;
    exact ??= hits.find((item) => bare(item.ean13) === bare(text));
    if (exact) break;
  }
  const only = items.length === 1 && !/^\d+$/.test(text) ? items[0] : null;
  if (exact ?? only) return add(exact ?? only);
  if (items.length) {
    find.value = text;
    return offer(text, items);
  }
  const done = await add(isNumber(text) ? { ean13: text } : { name: text });
  if (done) {
    tell(_("{item} is not in the list: type its price.", { item: text }));
    requestAnimationFrame(() => [...document.querySelectorAll("#lines .price input")].at(-1)?.focus());
  }
}

function offer(text, items) {
  found = items;
  chosen = -1;
  hits.replaceChildren(...items.map(option));
  hits.hidden = !items.length;
  find.setAttribute("aria-expanded", String(!hits.hidden));
  find.removeAttribute("aria-activedescendant");
}

function option(item, place) {
  const one = made("li", "", { id: `hit-${place}` });
  one.setAttribute("role", "option");
  const price = decimal(item.price);
  one.append(made("b", item.name || item.ean13), made("span", price ? shown(cents(price), language) : ""));
  const stock = item.stock === null || item.stock === undefined ? "" : _("in stock: {n}", { n: item.stock });
  one.append(made("small", [item.name ? item.ean13 : "", stock].filter(Boolean).join(" · ")));
  one.addEventListener("mousedown", (event) => event.preventDefault());
  one.addEventListener("click", () => take(place));
  return one;
}

function take(place) {
  const item = found[place];
  find.value = "";
  close();
  add(item);
  find.focus();
}

function close() {
  asked += 1;
  clearTimeout(timer);
  offer("", []);
}

function choose(step) {
  if (!found.length) return;
  chosen = (chosen + step + found.length + (chosen < 0 && step < 0 ? 1 : 0)) % found.length;
  [...hits.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === chosen)));
  find.setAttribute("aria-activedescendant", `hit-${chosen}`);
  hits.children[chosen].scrollIntoView({ block: "nearest" });
}

$("#scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find.value.trim();
  if (chosen >= 0) return take(chosen);
  find.value = "";
  if (text) scan(text);
});

find.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(step);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});

find.addEventListener("input", () => {
  clearTimeout(timer);
  const text = find.value.trim(), turn = ++asked;
  if (text.length < 2) return close();
  timer = setTimeout(async () => {
    const items = await search(text);
    if (turn === asked) offer(text, items ?? []);
  }, 120);
});

find.addEventListener("blur", () => setTimeout(() => document.activeElement !== find && close(), 100));

// A scanner does not look where the focus is.
document.addEventListener("keydown", (event) => {
  const focused = document.activeElement;
  const isTyping = focused.matches("input, textarea, dialog, dialog *");
  const isPlain = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
  const done = $("#done");
  if (isPlain && done.open) {
    done.close();
    find.focus();
  } else if (isPlain && !isTyping && !$("dialog[open]") && (!order() || order().state === "draft")) find.focus();
});
