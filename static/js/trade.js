// The trading page: what the stream tells goes to the parts that show it.

import { Book } from "./book.js";
import { Chart } from "./chart.js";
import { countDown } from "./countdown.js";
import { grouped, percent, places, time } from "./figures.js";
import { OrderForm } from "./form.js";
import { listen } from "./keys.js";
import { followLayout } from "./layout.js";
import { keepNotices } from "./notices.js";
import { Stream } from "./stream.js";
import { Tabs } from "./tabs.js";
import { Trades } from "./trades.js";

const byId = (id) => document.getElementById(id);
const main = document.querySelector("main.trade");
const { symbol, tick, lot, takerFee, account } = main.dataset;
const priceText = (price) => grouped(price, places(tick));

followLayout(main, byId("view"));
keepNotices(byId("notices"), byId("unreachable"));

const formElement = byId("order-form");
const form = formElement && new OrderForm(formElement, { takerFee, leverage: byId("leverage"), marginMode: byId("margin-mode") });
const choosePrice = (price) => {
  form?.setPrice(price);
  if (form) showPart("form");
};
const book = new Book({ bids: byId("bids"), asks: byId("asks"), spread: byId("spread"), tick, lot, onPrice: choosePrice });
const trades = new Trades(byId("trades"), { tick, lot });
const chart = new Chart({ element: byId("chart-canvas"), empty: byId("chart-empty"), legend: byId("chart-legend"), symbol, tick });
const stream = new Stream(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1`, { account, onState: showConnection });

// What the page knows of its connection, and of the engine behind it.
const WORDS = { live: "live", connecting: "connecting", reconnecting: "connection lost, trying again", away: "engine away" };
const HALTS = {
  halted: "Trading in this market is halted. Open orders stay where they are.",
  cancel_only: "Orders in this market can only be cancelled now.",
  post_only: "Only post-only orders are accepted in this market now.",
};
const RESUMPTIONS = {
  halted: (at) => `Orders can be cancelled again from ${at} UTC on, and some time later trading goes on.`,
  cancel_only: (at) => `Trading goes on at ${at} UTC.`,
};
let connectionState = "connecting";
let isEngineAway = false;

function showConnection(state, ageMs) {
  connectionState = state;
  const shown = state === "live" && isEngineAway ? "away" : state;
  const connection = byId("connection");
  connection.dataset.state = shown;
  connection.textContent = state === "stale" ? `nothing heard for ${Math.round(ageMs / 1000)} s` : WORDS[shown];
  main.classList.toggle("is-stale", shown !== "live");
  if (shown === "live") refreshSoon(["account", "orders", "fills"]);
}

function showStatus({ data }) {
  isEngineAway = data.engine === null;
  const state = data.instruments[symbol];
  const resumesAt = !isEngineAway && RESUMPTIONS[state] && data.resumes_at[symbol];
  const halt = isEngineAway ? "The engine is away and comes back by itself. Your orders are safe; nothing can be placed meanwhile." : HALTS[state] ?? "";
  byId("halt-text").textContent = resumesAt ? `${halt} ${RESUMPTIONS[state](time(resumesAt))}` : halt;
  byId("halt-in").dataset.at = resumesAt || "";
  byId("halt").hidden = !halt;
  showConnection(connectionState, 0);
}

// Fragments are asked for at most every 400 ms, and not under the hands of somebody who is amending in them.
const IN_HANDS = { account: "#account details[open], #positions details[open]" }; // positions come with the account
const pending = new Set();
let refreshing = 0;
function refreshSoon(names) {
  for (const name of names) pending.add(name);
  if (refreshing) return;
  refreshing = setTimeout(() => {
    refreshing = 0;
    for (const name of pending) {
      const part = byId(name);
      if (document.querySelector(IN_HANDS[name] ?? `#${name} details[open]`)) continue;
      pending.delete(name);
      if (part) window.htmx?.trigger(part, "refresh");
    }
    if (pending.size) refreshSoon([]);
  }, 400);
}

let shown = null;
function showCandles(interval) {
  if (shown) stream.unsubscribe(shown);
  shown = `candles.${symbol}.${interval}`;
  stream.subscribe(shown, (message) => chart.apply(message.data));
  chart.load(interval);
}

function showTicker({ data }) {
  const tone = Number(data.last) >= Number(data.open_24h) ? "gain" : "loss";
  for (const id of ["last", "middle"]) {
    byId(id).textContent = priceText(data.last);
    byId(id).className = tone;
  }
  byId("change").textContent = percent(data.last, data.open_24h);
  byId("change").className = tone;
  byId("high").textContent = priceText(data.high_24h);
  byId("low").textContent = priceText(data.low_24h);
  byId("volume").textContent = grouped(data.volume_24h);
  byId("interest").textContent = grouped(data.open_interest);
  byId("funding-in").dataset.at = data.next_funding_at ?? "";
  document.title = `${priceText(data.last)} ${symbol}`;
  if (form) formElement.elements.price.placeholder = data.last ?? "";
}

stream.subscribe("status", showStatus);
stream.subscribe(`book.${symbol}`, (message) => book.apply(message));
stream.subscribe(`trades.${symbol}`, (message) => trades.add(message.data));
stream.subscribe(`ticker.${symbol}`, showTicker);
stream.subscribe(`mark.${symbol}`, ({ data }) => {
  byId("mark").textContent = priceText(data.mark);
  byId("index").textContent = priceText(data.index);
});
countDown(byId("funding-in"));
countDown(byId("halt-in"));
if (account) {
  stream.subscribe("orders", () => refreshSoon(["orders", "account"]));
  stream.subscribe("fills", () => refreshSoon(["fills", "account"]));
  stream.subscribe("account", () => refreshSoon(["account"]));
  stream.subscribe("positions", () => refreshSoon(["account"]));
  setInterval(() => connectionState === "live" && !isEngineAway && refreshSoon(["account"]), 3000); // what positions are worth follows the mark
}
stream.connect();
trades.load(symbol);
showCandles("1m");

for (const button of document.querySelectorAll("[data-interval]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-interval]")) other.setAttribute("aria-pressed", other === button);
    showCandles(button.dataset.interval);
  });
}

byId("grouping").addEventListener("change", (event) => book.regroup(Number(event.target.value)));
document.querySelector("[data-submit-on-change]")?.addEventListener("change", (event) => event.target.form.submit());
document.body.addEventListener("account-changed", () => {
  for (const open of document.querySelectorAll("details.amend[open]")) open.open = false;
  refreshSoon(["account", "orders", "fills"]);
});
const AFTER = {
  account: () => form.showFunds(document.querySelector("[data-available]")?.dataset ?? {}),
  orders: () => {
    const rows = [...document.querySelectorAll("[data-order-price]")].filter((row) => row.dataset.orderPrice);
    const orders = rows.map((row) => ({ price: row.dataset.orderPrice, side: row.dataset.orderSide }));
    chart.showOrders(orders);
    book.showOwn(orders);
  },
  fills: () => {
    const rows = [...document.querySelectorAll("[data-fill-time]")].filter((row) => row.dataset.fillSymbol === symbol);
    chart.showFills(rows.map((row) => ({ time: row.dataset.fillTime, side: row.dataset.fillSide })));
  },
};
// An answer that was under way when somebody opened a form in the positions comes too late.
document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (detail.target.id === "positions" && detail.target.querySelector("details[open]")) detail.shouldSwap = false;
});
document.body.addEventListener("htmx:afterSettle", (event) => AFTER[event.target.id]?.());

// On a phone one part is shown at a time; positions, orders and fills share a place everywhere.
const parts = new Tabs(document.querySelector(".parts"), (tab) => (main.dataset.part = tab.dataset.partOf));
const showPart = (part) => parts.choose(byId(`part-${part}`));
const holdings = document.querySelector(".tabs");
if (holdings) {
  const tabs = new Tabs(holdings, (chosen) => {
    for (const tab of tabs.tabs) byId(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  });
}

function focusOn(id) {
  showPart("form");
  byId(id)?.focus();
}
listen({
  b: () => form?.set("side", "buy"),
  s: () => form?.set("side", "sell"),
  l: () => form?.set("type", "limit"),
  m: () => form?.set("type", "market"),
  "/": () => focusOn("price"),
  q: () => focusOn("quantity"),
  t: () => dispatchEvent(new Event("toggletheme")),
});
