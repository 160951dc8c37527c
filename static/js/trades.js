// The latest trades, newest first, drawn at most once a frame.

import { grouped, time } from "./figures.js";

const ROWS = 30;

export class Trades {
  constructor(element) {
    this.element = element;
    this.trades = [];
    this.isDrawn = true;
  }

  async load(symbol) {
    const answer = await fetch(`/api/v1/instruments/${symbol}/trades?limit=${ROWS}`);
    if (answer.ok) this.add((await answer.json()).results.reverse());
  }

  add(trades) {
    const known = new Set(this.trades.map((trade) => trade.id));
    const fresh = trades.filter((trade) => !known.has(trade.id));
    this.trades = [...fresh, ...this.trades].sort((a, b) => b.id - a.id).slice(0, ROWS);
    if (!this.isDrawn) return;
    this.isDrawn = false;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.isDrawn = true;
    if (!this.trades.length) {
      this.element.textContent = "No trades yet.";
      return;
    }
    this.element.replaceChildren(
      ...this.trades.map((trade) => {
        const row = document.createElement("p");
        row.className = `level ${trade.side === "buy" ? "gain" : "loss"}`;
        const arrow = trade.side === "buy" ? "▲" : "▼";
        for (const text of [`${arrow} ${grouped(trade.price)}`, trade.quantity, time(trade.time)]) {
          const cell = document.createElement("span");
          cell.textContent = text;
          row.append(cell);
        }
        return row;
      }),
    );
  }
}
