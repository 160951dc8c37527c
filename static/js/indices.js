// Lines of an index and of its venues, renewed every two seconds.

import { LineSeries, createChart } from "../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";
import { places } from "./figures.js";

const POINTS = 300;
const RENEW_MS = 2000;
const COLOURS = 6;

class IndexChart {
  constructor(area) {
    this.empty = area.querySelector(".empty");
    this.asset = area.dataset.asset;
    this.interval = "1s";
    const options = { lineWidth: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
    const tick = area.dataset.tick;
    const priceFormat = { type: "price", precision: places(tick), minMove: Number(tick) };
    this.chart = createChart(area.querySelector(".canvas"), { autoSize: true, layout: { attributionLogo: false, fontSize: 11 }, timeScale: { timeVisible: true, secondsVisible: true }, handleScroll: false, handleScale: false });
    this.venues = new Map(area.dataset.venues.split(" ").map((venue) => [venue, this.chart.addSeries(LineSeries, { ...options, priceFormat })]));
    this.index = this.chart.addSeries(LineSeries, { ...options, lineWidth: 3, lastValueVisible: true, priceFormat });
    this.dress();
    addEventListener("themechange", () => this.dress());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.dress());
  }

  dress() {
    const line = colour("--line");
    this.chart.applyOptions({
      layout: { background: { color: colour("--surface-raised") }, textColor: colour("--text-muted") },
      grid: { vertLines: { color: `${line}80` }, horzLines: { color: `${line}80` } },
      timeScale: { borderColor: line },
      rightPriceScale: { borderColor: line },
    });
    this.index.applyOptions({ color: colour("--text") });
    [...this.venues.values()].forEach((series, place) => series.applyOptions({ color: colour(place < COLOURS ? `--series-${place + 1}` : "--text-muted") }));
  }

  // An answer that comes after another interval was chosen is dropped.
  async load(interval = this.interval) {
    this.interval = interval;
    let results;
    try {
      const answer = await fetch(`/api/v1/indices/${this.asset}/history?interval=${interval}&limit=${POINTS}`);
      if (!answer.ok) throw new Error(answer.statusText);
      ({ results } = await answer.json());
    } catch {
      this.say("The prices could not be loaded; the page tries again.");
      return;
    }
    if (interval !== this.interval) return;
    this.draw(results.reverse());
    this.say(results.length ? "" : "No prices yet.");
  }

  // A moment without a price is a gap in its line.
  draw(moments) {
    const points = (priceOf) => moments.map((moment) => {
      const time = Math.floor(moment.time / 1000);
      const price = priceOf(moment);
      return price ? { time, value: Number(price) } : { time };
    }).filter((point, place, all) => place === 0 || point.time > all[place - 1].time);
    this.index.setData(points((moment) => moment.price));
    for (const [venue, series] of this.venues) series.setData(points((moment) => moment.venues[venue]));
    this.chart.timeScale().fitContent();
  }

  say(text) {
    this.empty.textContent = text;
    this.empty.hidden = !text;
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const chart = new IndexChart(document.getElementById("index-chart"));
const choices = [...document.querySelectorAll("[data-interval]")];
for (const choice of choices) {
  choice.addEventListener("click", () => {
    for (const other of choices) other.setAttribute("aria-pressed", String(other === choice));
    chart.load(choice.dataset.interval);
  });
}
chart.load();
setInterval(() => {
  if (!document.hidden) chart.load();
}, RENEW_MS);
