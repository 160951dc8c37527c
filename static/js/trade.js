// The trading page: what the stream tells goes to the parts that show it.

import { Book } from "./book.js";
import { Chart } from "./chart.js";
import { grouped, percent } from "./figures.js";
import { OrderForm } from "./form.js";
import { Stream } from "./stream.js";
import { Trades } from "./trades.js";

const byId = (id) => document.getElementById(id);
const main = document.querySelector("main.trade");
const { symbol, tick, account } = main.dataset;

const formElement = byId("order-form");
const form = formElement && new OrderForm(formElement, { tick });
const book = new Book({ bids: byId("bids"), asks: byId("asks"), spread: byId("spread"), tick, onPrice: (price) => form?.setPrice(price) });
const trades = new Trades(byId("trades"));
const chart = new Chart({ element: byId("chart-canvas"), empty: byId("chart-empty"), symbol, tick });
const stream = new Stream(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1`, { account, onState: showState });

const WORDS = { live: "live", connecting: "connecting", reconnecting: "connection lost, trying again" };

function showState(state, ageMs) {
  const connection = byId("connection");
  connection.dataset.state = state;
  connection.textContent = state === "stale" ? `nothing heard for ${Math.round(ageMs / 1000)} s` : WORDS[state];
  main.classList.toggle("is-stale", state !== "live");
  if (state === "live") refreshSoon(["account", "orders", "fills"]);
}

// Fragments are asked for at most every 400 ms, and not under the hands of somebody who is amending in them.
const pending = new Set();
let refreshing = 0;
function refreshSoon(names) {
  for (const name of names) pending.add(name);
  if (refreshing) return;
  refreshing = setTimeout(() => {
    refreshing = 0;
    for (const name of pending) {
      const part = byId(name);
      if (part?.querySelector("details[open]")) continue;
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
  byId("last").textContent = grouped(data.last);
  byId("change").textContent = percent(data.last, data.open_24h);
  byId("change").className = Number(data.last) >= Number(data.open_24h) ? "gain" : "loss";
  byId("volume").textContent = grouped(data.volume_24h);
  byId("interest").textContent = grouped(data.open_interest);
  document.title = `${grouped(data.last)} ${symbol}`;
  if (form) formElement.elements.price.placeholder = data.last ?? "";
}

stream.subscribe(`book.${symbol}`, (message) => book.apply(message));
stream.subscribe(`trades.${symbol}`, (message) => trades.add(message.data));
stream.subscribe(`ticker.${symbol}`, showTicker);
stream.subscribe(`mark.${symbol}`, ({ data }) => (byId("mark").textContent = grouped(data.mark)));
if (account) {
  stream.subscribe("orders", () => refreshSoon(["orders", "account"]));
  stream.subscribe("fills", () => refreshSoon(["fills", "account"]));
  stream.subscribe("account", () => refreshSoon(["account"]));
  setInterval(() => refreshSoon(["account"]), 3000); // what positions are worth follows the mark
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
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "orders") {
    const rows = [...document.querySelectorAll("[data-order-price]")].filter((row) => row.dataset.orderPrice);
    chart.showOrders(rows.map((row) => ({ price: row.dataset.orderPrice, side: row.dataset.orderSide })));
  }
  if (event.target.id === "fills") {
    const rows = [...document.querySelectorAll("[data-fill-time]")].filter((row) => row.dataset.fillSymbol === symbol);
    chart.showFills(rows.map((row) => ({ time: row.dataset.fillTime, side: row.dataset.fillSide })));
  }
});

// The newest few notices; good news goes by itself, what went wrong stays until it is closed.
const NOTICES = 4;
const GOOD_NEWS_MS = 8000;
new MutationObserver((changes) => {
  const notices = byId("notices");
  while (notices.children.length > NOTICES) notices.lastElementChild.remove();
  for (const change of changes) {
    for (const node of change.addedNodes) if (node.matches?.(".gain, .plain")) setTimeout(() => node.remove(), GOOD_NEWS_MS);
  }
}).observe(byId("notices"), { childList: true });
document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".notice").remove());

// On a phone one part is shown at a time.
for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", () => show(tab.dataset.tab));
}
function show(part) {
  main.dataset.part = part;
  for (const tab of document.querySelectorAll("[data-tab]")) tab.setAttribute("aria-selected", tab.dataset.tab === part);
}
show("chart");

const KEYS = {
  b: () => form?.setSide("buy"),
  s: () => form?.setSide("sell"),
  "/": () => focusOn("price"),
  q: () => focusOn("quantity"),
  t: () => dispatchEvent(new Event("toggletheme")),
};
function focusOn(id) {
  show("form");
  byId(id)?.focus();
}
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea");
  if (event.key === "Escape") document.activeElement.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
