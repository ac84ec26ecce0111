// The till's program on this machine: the page keeps nothing itself.

export class Silent extends Error {}

// Numbers keep their text, so that none is rounded on its way to the screen.
function parse(text) {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value);
}

function understood(text) {
  try {
    return parse(text);
  } catch {
    return { error: text.slice(0, 200) };
  }
}

// One call after the other, in the order in which somebody worked.
let last = Promise.resolve();

export function inTurn(deed) {
  last = last.then(deed, deed);
  return last;
}

export async function call(method, path, body) {
  const asked = { method, headers: { Accept: "application/json" } };
  if (method !== "GET") {
    asked.headers["Content-Type"] = "application/json";
    asked.body = JSON.stringify(body ?? {});
  }
  let answer, text;
  try {
    answer = await fetch(path, asked);
    text = await answer.text();
  } catch {
    throw new Silent();
  }
  return { status: answer.status, value: understood(text) };
}

export const orderPath = (id, deed) => `/local/orders/${encodeURIComponent(id)}/${deed}`;

const SILENCE = 25_000, AGAIN = 1_000;

// Hears what changes, for as long as the page is open. `opened` is called on each connection.
export function listen({ opened, state, order, lost }) {
  let source, timer;
  const start = () => {
    source = new EventSource("/local/events");
    source.onopen = () => { alive(); opened(); };
    source.onerror = again;
    source.addEventListener("state", (event) => { alive(); state(parse(event.data)); });
    source.addEventListener("order", (event) => { alive(); order(parse(event.data)); });
    alive();
  };
  const alive = () => { clearTimeout(timer); timer = setTimeout(again, SILENCE); };
  const again = () => {
    source.close();
    clearTimeout(timer);
    lost();
    timer = setTimeout(start, AGAIN);
  };
  start();
}
