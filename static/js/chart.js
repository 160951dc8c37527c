// Candles with their volume, own fills and own orders on them.

import { CandlestickSeries, HistogramSeries, createChart, createSeriesMarkers } from "../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";
import { grouped, places } from "./figures.js";

const CANDLES = 500;

export class Chart {
  constructor({ element, empty, legend, symbol, tick }) {
    this.empty = empty;
    this.legend = legend;
    this.symbol = symbol;
    this.digits = places(tick);
    this.lines = [];
    this.fills = [];
    this.orders = [];
    this.chart = createChart(element, { autoSize: true, layout: { attributionLogo: false, fontSize: 11 }, timeScale: { barSpacing: 9, rightOffset: 4, timeVisible: true }, rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.22 } } });
    this.volumes = this.chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.volumes.priceScale().applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    this.series = this.chart.addSeries(CandlestickSeries, { priceFormat: { type: "price", precision: this.digits, minMove: Number(tick) } });
    this.markers = createSeriesMarkers(this.series, []);
    this.chart.subscribeCrosshairMove(({ seriesData }) => this.describe(seriesData.get(this.series) ?? this.last));
    this.dress();
    addEventListener("themechange", () => this.dress());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.dress());
  }

  dress() {
    const [gain, loss, line] = [colour("--gain"), colour("--loss"), colour("--line")];
    const faint = `${line}80`;
    this.chart.applyOptions({
      layout: { background: { color: colour("--surface-raised") }, textColor: colour("--text-muted") },
      grid: { vertLines: { color: faint }, horzLines: { color: faint } },
      timeScale: { borderColor: line },
      rightPriceScale: { borderColor: line },
    });
    this.volumes.applyOptions({ color: line });
    this.series.applyOptions({ upColor: gain, borderUpColor: gain, wickUpColor: gain, downColor: loss, borderDownColor: loss, wickDownColor: loss });
    this.showOrders(this.orders);
    this.drawFills();
  }

  // What was drawn before stays until the new interval is there; an answer that comes too late is dropped.
  async load(interval) {
    this.interval = interval;
    this.isLoaded = false;
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
    this.isLoaded = true;
    results.reverse();
    this.series.setData(results.map(barOf));
    this.volumes.setData(results.map(volumeOf));
    this.last = results.length ? barOf(results.at(-1)) : undefined;
    this.describe(this.last);
    this.say(results.length ? "" : "No trades yet: the first candle comes with the first trade.");
    this.drawFills();
  }

  apply(candles) {
    if (this.isLoaded) this.say("");
    for (const candle of candles) {
      try {
        this.series.update(barOf(candle));
        this.volumes.update(volumeOf(candle));
        this.last = barOf(candle);
      } catch { /* older than what is drawn: the load that is under way has it */ }
    }
    this.describe(this.last);
  }

  say(text) {
    this.empty.textContent = text;
    this.empty.hidden = !text;
  }

  describe(bar) {
    const figure = (price) => grouped(price.toFixed(this.digits));
    this.legend.textContent = bar ? `O ${figure(bar.open)}  H ${figure(bar.high)}  L ${figure(bar.low)}  C ${figure(bar.close)}` : "";
  }

  // orders: [{price, side}]
  showOrders(orders) {
    this.orders = orders;
    for (const line of this.lines) this.series.removePriceLine(line);
    this.lines = orders.map(({ price, side }) =>
      this.series.createPriceLine({ price: Number(price), color: toneOf(side), lineStyle: 2, lineWidth: 1, title: side }),
    );
  }

  // fills: [{time, side}]
  showFills(fills) {
    this.fills = fills;
    this.drawFills();
  }

  drawFills() {
    const seconds = secondsOf(this.interval ?? "1m");
    const marks = new Map(); // one a candle and side, however many fills there were
    for (const { time, side } of this.fills) {
      const start = Math.floor(Number(time) / 1000 / seconds) * seconds;
      const [position, shape] = side === "buy" ? ["belowBar", "arrowUp"] : ["aboveBar", "arrowDown"];
      marks.set(`${start} ${side}`, { time: start, position, shape, color: toneOf(side) });
    }
    this.markers.setMarkers([...marks.values()].sort((a, b) => a.time - b.time));
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function toneOf(side) {
  return colour(side === "buy" ? "--gain" : "--loss");
}

function secondsOf(interval) {
  return Number(interval.slice(0, -1)) * { m: 60, h: 3600, d: 86400 }[interval.at(-1)];
}

function barOf(candle) {
  return { time: candle.time / 1000, open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close) };
}

function volumeOf(candle) {
  return { time: candle.time / 1000, value: Number(candle.volume) };
}
