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
  const today = new Date().toDateString() === new Date(iso).toDateString();
  const hour = { hour: "2-digit", minute: "2-digit" };
  return at(iso, today ? hour : { day: "2-digit", month: "2-digit", ...hour });
}

export const moment = (iso) => at(iso, { dateStyle: "medium", timeStyle: "short" });

// What other programs wrote need be no time.
function at(iso, style) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  return new Intl.DateTimeFormat(language === "fr" ? "fr" : "en-GB", style).format(time);
}
