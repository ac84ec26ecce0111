// Taking money: the hold first, then the money, then the record of it. Nothing is processed here.

import { $, ask, claim, desk, isMine, made, order, tell } from "./desk.js";
import { inTurn, orderPath } from "./agent.js";
import { decimal, cents, plain, shown, totalOf, typed } from "./money.js";
import { focusScan } from "./scan.js";
import { _, language } from "./words.js";

const box = $("#payment"), amount = $("#amount");
let id = "", total = 0n, taken = [], isHeldForThis = false, isBusy = false;

const names = () => ({ cash: _("Cash"), card: _("Card"), "gift card": _("Gift card") });
export const methodName = (method) => names()[method] ?? String(method ?? "");
const rest = () => total - taken.reduce((all, one) => all + one.given, 0n);
const money = (value) => shown(value, language);

export async function begin() {
  const view = order();
  if (view.hindrance) return tell(view.hindrance);
  if (totalOf(view) === null) return tell(_("A line has no price or no quantity: type it first."));
  if (!Object.keys(view.lines).length) return tell(_("There is nothing to pay."));
  // An order is born held; only what a person held before stays so when this is called off.
  const wasHeld = isMine(view) && !Number(view.pending);
  const held = await claim();
  if (!held) return;
  [id, total, taken, isHeldForThis] = [held.id, totalOf(held), [], !wasHeld];
  $("#refused").textContent = "";
  draw();
  box.showModal();
  amount.select();
}

// The hold may be broken while somebody counts coins.
export function check() {
  const view = desk.orders.get(id);
  if (!box.open || isBusy || !view || isMine(view)) return;
  $("#refused").textContent = _("This till no longer holds the order: take no money for it.");
}

function draw() {
  const left = rest();
  $("#due").textContent = money(total);
  $("#paid").replaceChildren(...taken.map(line));
  $("#take").hidden = left <= 0n;
  amount.value = left > 0n ? plain(left).replace(".", language === "fr" ? "," : ".") : "";
  $("#rest-name").textContent = left > 0n ? _("Still to pay") : _("Change");
  $("#rest").textContent = money(left < 0n ? -left : left);
  $("#record").disabled = left > 0n || isBusy;
  if (left <= 0n) $("#record").focus();
}

function line(one, place) {
  const row = made("li", `${methodName(one.method)} ${money(one.given)} `);
  const drop = made("button", "×", { type: "button" });
  drop.setAttribute("aria-label", _("Take {what} away", { what: methodName(one.method) }));
  drop.addEventListener("click", () => { taken.splice(place, 1); draw(); amount.select(); });
  row.append(drop);
  return row;
}

$("#take").addEventListener("submit", (event) => {
  event.preventDefault();
  const method = event.submitter?.value ?? "cash", text = typed(amount.value, 2);
  const given = text === null ? 0n : cents(decimal(text));
  const refused = $("#refused");
  refused.textContent = "";
  if (given <= 0n) refused.textContent = _("This is no amount.");
  else if (given > rest() && method !== "cash") refused.textContent = _("Only cash gives change: that is more than is still to pay.");
  else taken.push({ method, given });
  draw();
  if (rest() > 0n) amount.select();
});

// What was given, less the change: the amounts' sum is the order's total.
function payments() {
  const change = -rest(), at = new Date().toISOString();
  const all = taken.length ? taken : [{ method: "cash", given: 0n }];
  const last = all.findLastIndex((one) => one.method === "cash");
  return all.map((one, place) => change > 0n && place === last
    ? { method: one.method, amount: plain(one.given - change), given: plain(one.given), change: plain(change), at }
    : { method: one.method, amount: plain(one.given), at });
}

$("#record").addEventListener("click", async () => {
  if (isBusy || rest() > 0n) return;
  isBusy = true;
  draw();
  const change = -rest(), paid = payments();
  const done = await inTurn(() => ask("POST", orderPath(id, "pay"), { payments: paid }));
  isBusy = false;
  box.close("done");
  if (!done) return;
  const told = $("#done");
  $("#done-title").textContent = _("Paid: receipt {receipt}", { receipt: done.receipt });
  $(".sum span", told).textContent = _("Change");
  $(".sum output", told).textContent = money(change);
  $(".sum", told).hidden = change <= 0n;
  told.showModal();
  $("#next").focus();
});

$("#later").addEventListener("click", () => box.close());
box.addEventListener("cancel", (event) => isBusy && event.preventDefault());

box.addEventListener("close", () => {
  const isDone = box.returnValue === "done";
  box.returnValue = "";
  if (!isDone && isHeldForThis && desk.state?.connected) inTurn(() => ask("POST", orderPath(id, "release")));
  if (!isDone) focusScan();
});

export function sayWords() {
  $("#payment-title").textContent = _("Payment");
  $("#payment .sum span").textContent = _("Total");
  $("#take label").textContent = _("Amount");
  for (const [method, name] of Object.entries(names())) $(`#take [value="${method}"]`).textContent = name;
  $("#recorded").textContent = _("Payments are recorded here, not processed: card and gift card go through their own machines.");
  $("#record").textContent = _("Record the payment");
  $("#later").textContent = _("Back to the order");
  $("#next").textContent = _("Next order");
  $("#receipt-print").textContent = _("Print the receipt");
}
