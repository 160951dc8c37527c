// The order book: levels as the stream tells them, drawn at most once a frame.

import { grouped, places } from "./figures.js";

const ROWS = 10;

export class Book {
  constructor({ bids, asks, spread, tick, onPrice }) {
    this.sides = { bids: new Map(), asks: new Map() };
    this.elements = { bids, asks };
    this.spread = spread;
    this.tick = tick;
    this.group = 1;
    this.isDrawn = true;
    this.rows = { bids: this.makeRows(bids), asks: this.makeRows(asks) };
    for (const element of [bids, asks]) {
      element.addEventListener("click", (event) => {
        const row = event.target.closest("button");
        if (row?.dataset.price) onPrice(row.dataset.price);
      });
    }
  }

  makeRows(element) {
    return Array.from({ length: ROWS }, () => {
      const row = document.createElement("button");
      row.type = "button";
      row.className = "level";
      row.append(...Array.from({ length: 3 }, () => document.createElement("span")));
      element.append(row);
      return row;
    });
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

  draw() {
    if (!this.isDrawn) return;
    this.isDrawn = false;
    requestAnimationFrame(() => {
      this.isDrawn = true;
      const bids = this.best("bids", -1);
      const asks = this.best("asks", 1);
      const largest = Math.max(bids.at(-1)?.sum ?? 0, asks.at(-1)?.sum ?? 0);
      this.drawSide(this.rows.bids, bids, largest);
      this.drawSide(this.rows.asks, asks, largest, true);
      this.drawSpread(bids[0], asks[0]);
    });
  }

  // The first rows of a side, best first: levels, or groups of them (bids down, asks up to a whole group).
  best(name, direction) {
    const step = Number(this.tick) * this.group;
    const digits = places(this.tick);
    const groups = new Map();
    for (const [price, quantity] of this.sides[name]) {
      const ticks = Number(price) / step;
      const key = this.group === 1 ? Number(price) : (direction > 0 ? Math.ceil(ticks - 1e-9) : Math.floor(ticks + 1e-9)) * step;
      groups.set(key, (groups.get(key) ?? 0) + Number(quantity));
    }
    const sorted = [...groups].sort(([a], [b]) => direction * (a - b)).slice(0, ROWS);
    let sum = 0;
    return sorted.map(([price, quantity]) => ({ price: price.toFixed(digits), quantity, sum: (sum += quantity) }));
  }

  drawSide(rows, levels, largest, isReversed = false) {
    rows.forEach((row, index) => {
      const level = levels[isReversed ? rows.length - 1 - index : index];
      const [price, quantity, sum] = row.children;
      row.disabled = level === undefined;
      row.dataset.price = level?.price ?? "";
      price.textContent = level ? grouped(level.price) : "";
      quantity.textContent = level ? level.quantity.toFixed(3) : "";
      sum.textContent = level ? level.sum.toFixed(3) : "";
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
