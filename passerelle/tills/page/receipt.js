// What goes on paper.

import { $, desk, made } from "./desk.js";
import { amountOf, cents, decimal, shown, totalOf } from "./money.js";
import { methodName } from "./pay.js";
import { _, language, moment } from "./words.js";

const money = (one) => (one ? shown(cents(one), language) : "");
const number = (value) => String(value ?? "").replace(".", language === "fr" ? "," : ".");

export function write(view) {
  const paper = $("#receipt");
  if (!view) return paper.replaceChildren();
  const total = totalOf(view), paid = view.paid;
  const title = paid ? _("Receipt {receipt}", { receipt: paid.receipt }) : _("Not paid");
  const of = Number(view.no) ? _("Order {no}", { no: view.no }) : _("Order without a number yet");
  const at = paid?.payments.find((one) => one.at)?.at;
  const head = [desk.state?.group, paid?.till ?? desk.state?.till, of, at && moment(at)];
  paper.replaceChildren(made("h1", title), made("p", head.filter(Boolean).join(" · ")));
  const lines = made("table");
  for (const line of Object.values(view.lines)) {
    const name = line.name || line.ean13 || "";
    const each = `${number(line.qty)} × ${money(decimal(line.price))}`;
    lines.append(row([name, each, money(amountOf(line))]));
  }
  lines.append(row([_("Total"), "", total === null ? "?" : shown(total, language)], "sum"));
  for (const one of paid?.payments ?? []) {
    lines.append(row([methodName(one.method), "", money(decimal(one.given ?? one.amount))]));
    if (one.change) lines.append(row([_("Change"), "", money(decimal(one.change))]));
  }
  paper.append(lines);
  if (typeof view.fields.note === "string") paper.append(made("p", view.fields.note));
  paper.append(made("p", _("Order synchronisation, not a certified till."), { className: "law" }));
}

function row(cells, className = "") {
  const one = made("tr", "", { className });
  one.append(...cells.map((cell) => made("td", cell)));
  return one;
}

export function print() {
  window.print();
}
