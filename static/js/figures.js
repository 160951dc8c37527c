// Decimal texts for people. Texts stay texts: only widths and charts are computed with numbers.

// With digits the part after the point is filled up or cut to these.
export function grouped(text, digits) {
  if (text === null || text === undefined) return "–";
  let [whole, fraction] = text.split(".");
  if (digits !== undefined) fraction = digits ? (fraction ?? "").slice(0, digits).padEnd(digits, "0") : undefined;
  const groups = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

export function places(step) {
  return (step.split(".")[1] ?? "").length;
}

export function time(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

export function percent(last, open) {
  if (last === null || open === null) return "–";
  const change = (Number(last) / Number(open) - 1) * 100;
  return `${change >= 0 ? "+" : ""}${change.toFixed(2)} %`;
}
