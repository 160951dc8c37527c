// The order book: levels as the stream tells them, as many as there is room for, drawn at most once a frame.

import { grouped, places } from "./figures.js";

const MOST_ROWS = 25;

export class Book {
  // onPrice(price) when a level is chosen; lot says how exact quantities are.
  constructor({ bids, asks, spread, tick, lot, onPrice }) {
    this.sides = { bids: new Map(), asks: new Map() };
    this.spread = spread;
    this.tick = tick;
    this.digits = places(lot);
    this.group = 1;
    this.own = [];
    this.isDrawn = true;
    this.count = 10;
    this.rows = { bids: makeRows(bids), asks: makeRows(asks).reverse() }; // best first
    for (const element of [bids, asks]) {
      element.addEventListener("click", (event) => {
        const row = event.target.closest("button");
        if (row?.dataset.price) onPrice(row.dataset.price);
      });
      element.addEventListener("keydown", (event) => step(event, element));
    }
    new ResizeObserver(() => this.fit(bids)).observe(bids);
  }

  fit(element) {
    const height = parseFloat(getComputedStyle(this.rows.bids[0]).height) || 22;
    this.count = Math.max(1, Math.min(MOST_ROWS, Math.floor(element.clientHeight / height)));
    this.draw();
  }

  apply(message) {
    for (const name of ["bids", "asks"]) {
      const levels = this.sides[name];
      if (message.type === "snapshot") levels.clear();
      for (const [price, quantity] of message[name]) {
        if (quantity === "0") levels.delete(price);
        else levels.set(price, quantity);
      }
    }
    this.draw();
  }

  regroup(factor) {
    this.group = factor;
    this.draw();
  }

  // The prices of own orders get a mark.
  showOwn(orders) {
    this.own = orders;
    this.draw();
  }

  draw() {
    if (!this.isDrawn) return;
    this.isDrawn = false;
    requestAnimationFrame(() => {
      this.isDrawn = true;
      const bids = this.best("bids", -1);
      const asks = this.best("asks", 1);
      const largest = Math.max(bids.at(-1)?.sum ?? 0, asks.at(-1)?.sum ?? 0);
      this.drawSide("bids", bids, largest);
      this.drawSide("asks", asks, largest);
      this.drawSpread(bids[0], asks[0]);
    });
  }

  // The price under which a level is shown: its own, or that of its group (bids down, asks up).
  shownPrice(price, direction) {
    if (this.group === 1) return Number(price);
    const step = Number(this.tick) * this.group;
    const steps = Number(price) / step;
    return (direction > 0 ? Math.ceil(steps - 1e-9) : Math.floor(steps + 1e-9)) * step;
  }

  // The first rows of a side, best first.
  best(name, direction) {
    const digits = places(this.tick);
    const groups = new Map();
    for (const [price, quantity] of this.sides[name]) {
      const key = this.shownPrice(price, direction);
      groups.set(key, (groups.get(key) ?? 0) + Number(quantity));
    }
    const side = name === "bids" ? "buy" : "sell";
    const own = new Set(this.own.filter((order) => order.side === side).map((order) => this.shownPrice(order.price, direction)));
    const sorted = [...groups].sort(([a], [b]) => direction * (a - b)).slice(0, this.count);
    let sum = 0;
    return sorted.map(([price, quantity]) => ({ price: price.toFixed(digits), quantity, sum: (sum += quantity), isOwn: own.has(price) }));
  }

  drawSide(name, levels, largest) {
    this.rows[name].forEach((row, index) => {
      const level = levels[index];
      const [price, quantity, sum] = row.children;
      row.hidden = index >= this.count;
      row.disabled = level === undefined;
      row.tabIndex = index === 0 ? 0 : -1;
      row.classList.toggle("is-own", Boolean(level?.isOwn));
      if (level) row.dataset.price = level.price;
      else delete row.dataset.price;
      price.textContent = level ? grouped(level.price) : "";
      quantity.textContent = level ? level.quantity.toFixed(this.digits) : "";
      sum.textContent = level ? level.sum.toFixed(this.digits) : "";
      row.style.setProperty("--share", level && largest ? `${(100 * level.sum) / largest}%` : "0%");
    });
  }

  drawSpread(bid, ask) {
    if (!bid || !ask) {
      this.spread.textContent = bid || ask ? "One side is empty." : "The book is empty.";
      return;
    }
    const spread = (Number(ask.price) - Number(bid.price)).toFixed(places(this.tick));
    this.spread.textContent = `Spread ${grouped(spread)}`;
  }
}

function makeRows(element) {
  return Array.from({ length: MOST_ROWS }, () => {
    const row = document.createElement("button");
    row.type = "button";
    row.className = "level";
    row.append(...Array.from({ length: 3 }, () => document.createElement("span")));
    element.append(row);
    return row;
  });
}

// A side is one stop of the keyboard, its best price; arrows go on from there, as it looks.
function step(event, element) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const usable = [...element.children].filter((row) => !row.hidden && !row.disabled);
  usable[usable.indexOf(document.activeElement) + by]?.focus();
}
