// Amounts and quantities, exactly: a decimal is a whole BigInt and how many of its digits stand
// behind the point. No binary fraction ever touches a price.

const NUMBER = /^([+-]?)(\d{1,60})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/;

// A number as orders hold it; null for what is none.
export function decimal(value) {
  const found = NUMBER.exec(String(value ?? "").trim());
  if (!found) return null;
  const [, sign, whole, part = "", power = "0"] = found;
  const scale = part.length - Number(power);
  const digits = BigInt(sign + whole + part);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

const at = (one, scale) => one.digits * 10n ** BigInt(scale - one.scale);

export function sum(one, other) {
  const scale = Math.max(one.scale, other.scale);
  return { digits: at(one, scale) + at(other, scale), scale };
}

export const product = (one, other) => ({ digits: one.digits * other.digits, scale: one.scale + other.scale });

export function equal(one, other) {
  if (!one || !other) return one === other;
  const scale = Math.max(one.scale, other.scale);
  return at(one, scale) === at(other, scale);
}

// In hundredths; halves go away from zero.
export function cents(one) {
  if (one.scale <= 2) return at(one, 2);
  const unit = 10n ** BigInt(one.scale - 2), size = one.digits < 0n ? -one.digits : one.digits;
  const rounded = (size + unit / 2n) / unit;
  return one.digits < 0n ? -rounded : rounded;
}

// Hundredths as orders hold amounts.
export function plain(hundredths) {
  const size = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, "0");
  return `${hundredths < 0n ? "-" : ""}${size.slice(0, -2)}.${size.slice(-2)}`;
}

// As people read them.
export function shown(hundredths, language) {
  const [whole, part] = plain(hundredths).split(".");
  const [gap, mark] = language === "fr" ? ["\u202f", ","] : [",", "."];
  return whole.replace(/\B(?=(\d{3})+$)/g, gap) + mark + part;
}

// What somebody typed, "9,90" or "1 234.5", as a plain decimal; null for what is none. Nobody means
// a price of eight digits: that was a scanner.
export function typed(text, places) {
  const bare = text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  return /^\d{1,7}(\.\d+)?$/.test(bare) && (bare.split(".")[1] ?? "").length <= places ? bare : null;
}

// What an order costs; null where a line does not say.
export function totalOf(order) {
  let total = { digits: 0n, scale: 0 };
  for (const line of Object.values(order.lines)) {
    const amount = amountOf(line);
    if (!amount) return null;
    total = sum(total, amount);
  }
  return cents(total);
}

export function amountOf(line) {
  const [quantity, price] = [decimal(line.qty), decimal(line.price)];
  return quantity && price && product(quantity, price);
}
