// What people read is English here, marked with _; the French is the catalogue's
// (`python -m scripts.messages` writes fr.json from it).

let known = {};
export let language = "en";

export async function speak(wanted) {
  if (wanted === language) return;
  if (wanted === "fr") known = await (await fetch("/page/fr.json")).json();
  else known = {};
  language = wanted;
  document.documentElement.lang = wanted;
}

export function _(text, values = {}) {
  return (known[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A time of today by its hour alone.
export function clock(iso) {
  const at = new Date(iso), today = new Date().toDateString() === at.toDateString();
  const hour = { hour: "2-digit", minute: "2-digit" };
  const day = today ? {} : { day: "2-digit", month: "2-digit" };
  return new Intl.DateTimeFormat(language === "fr" ? "fr" : "en-GB", { ...day, ...hour }).format(at);
}

export function moment(iso) {
  const style = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language === "fr" ? "fr" : "en-GB", style).format(new Date(iso));
}
