// Numbers, times and ages as the page writes them; times are UTC.

export const DASH = "–";
const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

// Cents from 100 USD on, five significant digits from 1, four below: as monitor/watch_kafka.sh.
export function money(value) {
  const amount = Number(value);
  if (value == null || !Number.isFinite(amount)) return DASH;
  const magnitude = amount === 0 ? 0 : Math.floor(Math.log10(Math.abs(amount)));
  const digits = Math.abs(amount) >= 1 ? 5 : 4;
  const decimals = amount === 0 ? 2 : Math.max(2, Math.min(18, digits - 1 - magnitude));
  return amount.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function count(value) {
  return value == null ? DASH : whole.format(value);
}

export function short(value) {
  return value == null ? DASH : compact.format(Number(value));
}

export function percent(value) {
  if (value == null || !Number.isFinite(value)) return DASH;
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)} %`;
}

export function age(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return DASH;
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${whole.format(Math.round(s / 86400))} d`;
}

export function bytes(value) {
  if (value == null) return DASH;
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.round(value / 1e6)} MB`;
}

export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}

export function moment(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

export function day(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
