// A small, honest till. It keeps nothing: the agent on this machine has it all, so that the network
// may be down and the page be loaded anew.

import { listen, call, inTurn } from "./agent.js";
import { $, ask, change, claim, deed, desk, drawnBy, hear, inWords, isMine, isOthers, keepAll, made, noted, order, redraw, show, tell, words } from "./desk.js";
import { drawLines } from "./lines.js";
import { shown, totalOf } from "./money.js";
import * as pay from "./pay.js";
import * as receipt from "./receipt.js";
import { focusScan } from "./scan.js";
import { _, clock, language, speak } from "./words.js";

// --- the banner: connected, alone, or since when not ------------------------------------------

function drawStatus() {
  const { state, alive } = desk, banner = $("#status");
  const [kind, text] = $("#login").open ? ["", ""]
    : !alive && state?.tablet ? ["alarm", _("No connection: this tablet works with one only, nothing can be sold now.")]
    : !alive ? ["alarm", _("This till's program does not answer: nothing can be sold now.")]
    : state.holds ? ["alarm", _("This till stands still: {why}", { why: state.holds })]
    : state.connected && state.tablet ? ["well", _("Connected; this tablet works with a connection only")]
    : state.connected ? ["well", state.session ? _("Connected, session {n}", { n: state.session }) : _("Connected")]
    : state.since ? ["alone", _("No connection since {time}: new orders can be made and paid, shared ones wait", { time: clock(state.since) })]
    : ["alone", _("Alone, the server has not been reached yet: new orders can be made and paid, shared ones wait")];
  const unsent = Number(state?.unsent ?? 0) && alive ? _("not sent yet: {n}", { n: state.unsent }) : "";
  banner.className = kind;
  words(banner, [text, unsent].filter(Boolean).join(" · "));
  words($("#till"), state ? _("Till {till}", { till: state.till }) : "");
}

function drawRefusals() {
  const refused = desk.state?.refused ?? [], list = $("#refusals ul");
  $("#refusals").hidden = !refused.length;
  const told = refused.map((one) => {
    const of = desk.orders.get(one.order);
    const why = inWords(one.why, one.who, one.order);
    const money = _("Money was taken that no order could take, receipt {receipt}: {why}", { receipt: one.receipt, why });
    return [of ? title(of) : "", one.receipt ? money : why, clock(one.at), _("Seen")];
  });
  const drawn = JSON.stringify([refused, told]);
  if (list.dataset.drawn === drawn) return; // else a button would go from under somebody's finger
  list.dataset.drawn = drawn;
  list.replaceChildren(...refused.map((one, place) => {
    const [name, why, at, word] = told[place];
    const row = made("li"), seen = made("button", word, { type: "button" });
    row.append(made("b", name), made("span", why), made("small", at), seen);
    seen.addEventListener("click", async () => {
      await inTurn(() => ask("POST", `/local/refused/${encodeURIComponent(one.key)}/seen`));
      reload();
    });
    return row;
  }));
}

// --- the orders -------------------------------------------------------------------------------

const title = (one) => (Number(one.no) ? _("Order {no}", { no: one.no }) : _("Order without a number yet"));

function standing(one) {
  if (one.state === "paid") return _("paid: {receipt}", { receipt: one.paid?.receipt ?? "" });
  if (one.state === "cancelled") return _("cancelled");
  if (!one.claim) return "";
  if (isMine(one)) return _("held by this till");
  if (one.since) return _("held by {till}, not heard since {time}", { till: one.claim, time: clock(one.since) });
  return _("held by {till}", { till: one.claim });
}

function drawOrders() {
  const all = [...desk.orders.values()].sort((one, other) => rank(one) - rank(other));
  const open = all.filter((one) => one.state === "draft");
  const past = all.filter((one) => one.state !== "draft").reverse().slice(0, 50);
  list($("#open"), open);
  list($("#finished"), past);
  $("#none").hidden = open.length > 0;
  $("#past").hidden = !past.length;
}

const rank = (one) => Number(one.no) || Infinity;

function list(place, orders) {
  const known = new Map([...place.children].map((row) => [row.dataset.id, row]));
  const rows = orders.map((one) => known.get(one.id) ?? entry(one.id));
  if (rows.length !== place.children.length || rows.some((row, n) => row !== place.children[n])) place.replaceChildren(...rows);
  orders.forEach((one, n) => {
    const button = rows[n].firstChild, total = totalOf(one);
    words(button.children[0], title(one));
    words(button.children[1], total === null ? "?" : shown(total, language));
    words(button.children[2], [standing(one), Number(one.pending) ? _("not sent yet") : ""].filter(Boolean).join(" · "));
    button.className = isOthers(one) ? "others" : "";
    if (one.id === desk.current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

function entry(id) {
  const row = made("li"), button = made("button", "", { type: "button" });
  row.dataset.id = id;
  button.append(made("b"), made("span"), made("small"));
  button.addEventListener("click", () => { tell(""); show(id); phone("order"); focusScan(); });
  row.append(button);
  return row;
}

// --- the order --------------------------------------------------------------------------------

function drawOrder() {
  const view = order(), isOpen = !view || view.state === "draft";
  const total = view ? totalOf(view) : 0n;
  words($("#order-title"), view ? title(view) : _("New order"));
  words($("#holder"), view ? standing(view) : "");
  const why = isOpen ? (view?.hindrance ?? "") : "";
  words($("#hindrance"), why);
  $("#hindrance").hidden = !why;
  $("#scan").hidden = !isOpen;
  drawLines(view);
  words($("#total output"), total === null ? "?" : shown(total, language));
  const note = $("#note-text"), text = typeof view?.fields.note === "string" ? view.fields.note : "";
  if (note.dataset.order !== desk.current || (document.activeElement !== note && note.dataset.shown !== text)) {
    note.value = note.dataset.shown = text;
    note.dataset.order = desk.current;
  }
  note.readOnly = !isOpen || Boolean(view && isOthers(view));
  $("#note").hidden = !view || (note.readOnly && !text);
  for (const id of ["pay", "hold", "cancel"]) $(`#${id}`).hidden = !view || !isOpen || isOthers(view);
  words($("#hold"), view && isMine(view) ? _("Release") : _("Hold"));
  $("#break").hidden = !view || !isOthers(view);
  $("#print").hidden = !view || view.state === "cancelled";
  words($("#print"), view?.state === "paid" ? _("Print the receipt") : _("Print"));
  receipt.write(view);
  pay.check();
}

function draw() {
  drawStatus();
  drawRefusals();
  drawOrders();
  drawOrder();
}

// --- what people do ---------------------------------------------------------------------------

function question(text, { head, yes, asksWho = false }) {
  const box = $("#question");
  $("#question-title").textContent = head;
  $("#question-text").textContent = text;
  $("#question-who").hidden = !asksWho;
  $("#who").required = asksWho;
  $("#who").value = "";
  $("#yes").textContent = yes;
  box.returnValue = "";
  box.showModal();
  (asksWho ? $("#who") : $("#no")).focus();
  return new Promise((answer) => {
    const closed = () => answer(box.returnValue === "yes" ? $("#who").value.trim() || true : null);
    box.addEventListener("close", closed, { once: true });
  });
}

async function cancel() {
  const view = order();
  if (view.hindrance) return tell(view.hindrance);
  const head = _("Cancel {order}?", { order: title(view) });
  const isMeant = await question(_("It keeps its number, and can be neither changed nor paid any more."), { head, yes: _("Cancel the order") });
  if (isMeant && await deed("cancel")) begin();
}

async function breakHold() {
  const view = order(), till = view.claim;
  const warning = view.since
    ? _("{till} holds this order, and has not been heard since {time}: it may have taken money for it already. If you go on, and it has, the order is paid twice. Ask at {till} first.", { till, time: clock(view.since) })
    : _("{till} holds this order: somebody may be taking money for it now. If you go on, the order may be paid twice. Ask at {till} first.", { till });
  const who = await question(warning, { head: _("Break the hold of {till}?", { till }), yes: _("Break the hold"), asksWho: true });
  if (who) await deed("break", { who });
}

function hold() {
  const view = order();
  if (view.hindrance) return tell(view.hindrance);
  if (!isMine(view)) return claim();
  if (!desk.state.connected) return tell(_("There is no connection: once released, this till could not change the order either."));
  return deed("release");
}

function begin() {
  show("");
  phone("order");
  tell("");
  focusScan();
}

// On a narrow screen the list and the order take turns.
const phone = (view) => { document.body.dataset.view = view; };

const note = $("#note-text");
note.addEventListener("change", async () => {
  const text = note.value.trim(), before = note.dataset.shown;
  note.dataset.shown = text;
  if (!await change((view) => (view ? [{ op: "set", fields: { note: text || null } }] : []))) note.value = note.dataset.shown = before;
});

const clicks = {
  new: begin, back: () => phone("orders"), pay: pay.begin, hold, break: breakHold, cancel, print: receipt.print,
  no: () => $("#question").close(), next: () => $("#done").close(), "receipt-print": receipt.print,
};
for (const [id, clicked] of Object.entries(clicks)) $(`#${id}`).addEventListener("click", clicked);
$("#done").addEventListener("close", begin);

// --- from the first word on -------------------------------------------------------------------

function sayWords() {
  words($("#refusals-title"), _("Refused"));
  words($("#orders-title"), _("Open orders"));
  words($("#new"), _("New order"));
  words($("#none"), _("No order is open. Scan an item, and one is."));
  words($("#past summary"), _("Paid and cancelled"));
  words($("#back"), `‹ ${_("Orders")}`);
  words($("#scan label"), _("Scan or search an item"));
  [_("Item"), _("Quantity"), _("Price"), _("Sum")].forEach((text, n) => words($("#lines tr").children[n], text));
  words($("#total span"), _("Total"));
  words($("#note label"), _("Note"));
  words($("#pay"), _("Pay"));
  words($("#break"), _("Break the hold"));
  words($("#cancel"), _("Cancel the order"));
  words($("#question-who label"), _("Your name, for the log"));
  words($("#no"), _("No, go back"));
  words($("#login-title"), _("Which till is this tablet?"));
  words($("#login label"), _("Its token, from `passerelle till pair NAME --token`"));
  words($("#login button"), _("Be this till"));
  pay.sayWords();
}

async function heard(state) {
  const was = desk.state;
  desk.alive = true;
  desk.state = state;
  if (state.language !== language) {
    await speak(state.language).catch(() => {});
    sayWords();
  }
  document.title = _("Till {till}", { till: state.till });
  // What may be changed, and who was heard when, is told with the orders alone.
  const isOther = state.connected !== was?.connected || state.holds !== was?.holds;
  if (was && (isOther || (hasOthers() && Date.now() - loaded > FRESH))) reload();
  redraw();
}

const FRESH = 9_000;
let loaded = 0;
const hasOthers = () => [...desk.orders.values()].some(isOthers);

// The whole anew: orders of a closed session are gone without a word.
function reload() {
  loaded = Date.now();
  return inTurn(async () => {
    const state = await call("GET", "/local/state");
    if (state.status === 401) return login();
    const since = noted(), orders = await call("GET", "/local/orders");
    keepAll(orders.value.orders, since);
    if (!order()) show("");
    await heard(state.value);
  }).catch(() => {}); // the banner says so
}

// A tablet without an agent: the server has its page, once it knows which till it is.
async function login() {
  await speak(navigator.language.startsWith("fr") ? "fr" : "en").catch(() => {});
  sayWords();
  if (!$("#login").open) $("#login").showModal();
  redraw();
}

$("#login form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { status, value } = await call("POST", "/local/login", { token: $("#token").value }).catch(() => ({ value: {} }));
  $("#token").value = "";
  if (status !== 200) return words($("#login-text"), value.error ?? "");
  $("#login").close();
  reload();
});
$("#login").addEventListener("cancel", (event) => event.preventDefault());

drawnBy(draw);
sayWords();
phone("order");
desk.current = decodeURIComponent(location.hash.slice(1));
listen({
  opened: reload, state: heard, order: hear,
  lost: () => { desk.alive = false; redraw(); reload(); },
});
focusScan();
