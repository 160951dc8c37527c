// Decimal texts for people. Texts stay texts: only widths and charts are computed with numbers.

export function grouped(text) {
  if (text === null || text === undefined) return "–";
  const [whole, fraction] = text.split(".");
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
