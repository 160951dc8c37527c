// Candles with own fills and orders on them.

import { CandlestickSeries, createChart, createSeriesMarkers } from "../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";

const CANDLES = 500;

export class Chart {
  constructor({ element, empty, symbol, tick }) {
    this.element = element;
    this.empty = empty;
    this.symbol = symbol;
    this.lines = [];
    this.fills = [];
    this.chart = createChart(element, { autoSize: true, layout: { attributionLogo: false } });
    this.series = this.chart.addSeries(CandlestickSeries, {
      priceFormat: { type: "price", precision: (tick.split(".")[1] ?? "").length, minMove: Number(tick) },
    });
    this.markers = createSeriesMarkers(this.series, []);
    this.dress();
    addEventListener("themechange", () => this.dress());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.dress());
  }

  dress() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [gain, loss, line] = [colour("--gain"), colour("--loss"), colour("--line")];
    this.chart.applyOptions({
      layout: { background: { color: colour("--surface-raised") }, textColor: colour("--text-muted") },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      timeScale: { borderColor: line, timeVisible: true },
      rightPriceScale: { borderColor: line },
    });
    this.series.applyOptions({ upColor: gain, borderUpColor: gain, wickUpColor: gain, downColor: loss, borderDownColor: loss, wickDownColor: loss });
  }

  // What was drawn before stays until the new interval is there; an answer that comes too late is dropped.
  async load(interval) {
    this.interval = interval;
    let results;
    try {
      const answer = await fetch(`/api/v1/instruments/${this.symbol}/candles?interval=${interval}&limit=${CANDLES}`);
      if (!answer.ok) throw new Error(answer.statusText);
      ({ results } = await answer.json());
    } catch {
      this.say("The candles could not be loaded. Choose an interval to try again.");
      return;
    }
    if (interval !== this.interval) return;
    this.series.setData(results.reverse().map(barOf));
    this.say(results.length ? "" : "No trades yet: the first candle comes with the first trade.");
    this.drawFills();
  }

  apply(candles) {
    this.say("");
    for (const candle of candles) {
      try {
        this.series.update(barOf(candle));
      } catch { /* older than what is drawn: the load that is under way has it */ }
    }
  }

  say(text) {
    this.empty.textContent = text;
    this.empty.hidden = !text;
  }

  showOrders(orders) {
    for (const line of this.lines) this.series.removePriceLine(line);
    const style = getComputedStyle(document.documentElement);
    this.lines = orders.map(({ price, side }) =>
      this.series.createPriceLine({
        price: Number(price),
        color: style.getPropertyValue(side === "buy" ? "--gain" : "--loss").trim(),
        lineStyle: 2,
        lineWidth: 1,
        title: side,
      }),
    );
  }

  showFills(fills) {
    this.fills = fills;
    this.drawFills();
  }

  drawFills() {
    const style = getComputedStyle(document.documentElement);
    const seconds = secondsOf(this.interval ?? "1m");
    const marks = this.fills.map(({ time, side }) => ({
      time: Math.floor(Number(time) / 1000 / seconds) * seconds,
      position: side === "buy" ? "belowBar" : "aboveBar",
      shape: side === "buy" ? "arrowUp" : "arrowDown",
      color: style.getPropertyValue(side === "buy" ? "--gain" : "--loss").trim(),
    }));
    this.markers.setMarkers(marks.sort((a, b) => a.time - b.time));
  }
}

function secondsOf(interval) {
  return Number(interval.slice(0, -1)) * { m: 60, h: 3600, d: 86400 }[interval.at(-1)];
}

function barOf(candle) {
  return { time: candle.time / 1000, open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close) };
}
