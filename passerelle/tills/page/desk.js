// What the page knows, all of it told by the agent, and how a change is asked for.

import { Silent, call, inTurn, orderPath } from "./agent.js";
import { equal, decimal } from "./money.js";
import { _ } from "./words.js";

export const desk = { state: null, orders: new Map(), current: "", alive: false };

export const $ = (selector, within = document) => within.querySelector(selector);
export const order = () => desk.orders.get(desk.current);
export const isMine = (one) => one.claim === desk.state?.till;
export const isOthers = (one) => one.state === "draft" && one.claim && !isMine(one);
export const words = (element, text) => { if (element.textContent !== text) element.textContent = text; };

export function made(tag, text = "", values = {}) {
  const element = Object.assign(document.createElement(tag), values);
  element.textContent = text;
  return element;
}

let hush;

// Says at once what stands in the way, for eyes and ears alike.
export function tell(text, className = "") {
  const told = $("#told");
  told.replaceChildren();
  clearTimeout(hush);
  if (!text) return;
  told.append(made("p", text, { className }));
  hush = setTimeout(() => told.replaceChildren(), 15_000);
}

let draw = () => {};
let planned = false;
export const drawnBy = (drawing) => { draw = drawing; };

export function redraw() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => { planned = false; draw(); });
}

export function keep(view) {
  if (!view?.id) return;
  desk.orders.set(view.id, view);
  redraw();
}

// An answer may be older than an event that overtook it: how many events each order had tells.
const events = new Map();
const eventsOf = (id) => events.get(id) ?? 0;

export function hear(view) {
  events.set(view.id, eventsOf(view.id) + 1);
  keep(view);
}

export const noted = () => new Map(events);

// All orders as they were asked for, but for those of which there was an event since.
export function keepAll(views, since) {
  const orders = new Map(views.map((view) => [view.id, view]));
  for (const [id, count] of events) {
    if (count !== (since.get(id) ?? 0)) orders.set(id, desk.orders.get(id));
  }
  desk.orders = orders;
}

async function again(id) {
  for (let seen = -1; seen !== eventsOf(id);) {
    seen = eventsOf(id);
    const { status, value } = await call("GET", `/local/orders/${encodeURIComponent(id)}`);
    if (status === 200) keep(value);
  }
}

const silent = () => _("This till's program does not answer: look at the order again once it does.");

// Asks the agent, and tells why not; the answer's value, or null.
export async function ask(method, path, body) {
  let answer;
  const since = noted();
  try {
    answer = await call(method, path, body);
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    tell(silent());
    return null;
  }
  const { status, value } = answer, view = value.order ?? value;
  keep(view);
  if (view.id && eventsOf(view.id) !== (since.get(view.id) ?? 0)) again(view.id).catch(() => {});
  if (status === 200) return value;
  tell(inWords(value.why ?? value.error ?? String(status), value.who, desk.current));
  redraw();
  return null;
}

// Why something was refused, with who; lines are called by their items' names.
export function inWords(why, who, id) {
  let text = why;
  for (const [line, fields] of Object.entries(desk.orders.get(id)?.lines ?? {})) {
    if (fields.name) text = text.replaceAll(line, fields.name);
  }
  return who && !text.includes(who) ? `${text} (${who})` : text;
}

export const claim = async () => {
  tell(_("Asking the server for the hold."), "calm");
  const held = await deed("claim");
  if (held) tell("");
  return held;
};

export function deed(name, body) {
  const id = desk.current;
  return inTurn(() => ask("POST", orderPath(id, name), body));
}

// Ops are made when their turn has come: what was scanned before stands in the order by then.
export function change(ops) {
  return inTurn(async () => {
    const wanted = ops(order());
    if (!wanted.length) return null;
    tell("");
    const why = desk.alive ? order()?.hindrance : silent();
    if (why) {
      tell(why);
      redraw();
      return null;
    }
    const id = desk.current || fresh();
    const all = order() ? wanted : [{ op: "create", fields: {} }, ...wanted];
    const done = await ask("POST", orderPath(id, "ops"), { ops: all });
    if (done) show(id);
    return done;
  });
}

export function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The address tells the order, so that it is there again when the page is loaded anew.
export function show(id) {
  if (desk.current === id) return;
  desk.current = id;
  history.replaceState(null, "", id ? `#${encodeURIComponent(id)}` : location.pathname);
  redraw();
}

// One more of an item: a line of the same item at the same price counts up, so that two tills that
// scan the same shoe have two.
export function add(item) {
  return change((known) => {
    const same = Object.entries(known?.lines ?? {}).find(([, line]) => item.ean13 && line.ean13 === item.ean13 &&
      decimal(line.qty) && (!item.price || equal(decimal(line.price), decimal(item.price))));
    if (same) return [{ op: "line", id: same[0], add: { qty: 1 } }];
    const set = Object.fromEntries(["ean13", "name", "price"].filter((key) => item[key]).map((key) => [key, item[key]]));
    return [{ op: "line", id: fresh(), set, add: { qty: 1 } }];
  });
}
