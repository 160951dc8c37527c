// The latest trades, newest first, drawn at most once a frame.

import { grouped, places, time } from "./figures.js";

const ROWS = 50;

export class Trades {
  constructor(element, { tick, lot }) {
    this.element = element;
    this.priceDigits = places(tick);
    this.digits = places(lot);
    this.trades = [];
    this.isDrawn = true;
  }

  async load(symbol) {
    try {
      const answer = await fetch(`/api/v1/instruments/${symbol}/trades?limit=${ROWS}`);
      if (!answer.ok) throw new Error(answer.statusText);
      this.add((await answer.json()).results);
    } catch {
      this.say("Earlier trades could not be loaded. New ones appear here.");
    }
  }

  add(trades) {
    const known = new Set(this.trades.map((trade) => trade.id));
    const fresh = trades.filter((trade) => !known.has(trade.id));
    this.trades = [...fresh, ...this.trades].sort((a, b) => b.id - a.id).slice(0, ROWS);
    if (!this.isDrawn) return;
    this.isDrawn = false;
    requestAnimationFrame(() => this.draw());
  }

  say(text) {
    const line = document.createElement("p");
    line.className = "muted empty";
    line.textContent = text;
    this.element.replaceChildren(line);
  }

  draw() {
    this.isDrawn = true;
    if (!this.trades.length) return this.say("No trades yet.");
    this.element.replaceChildren(
      ...this.trades.map((trade) => {
        const row = document.createElement("p");
        row.className = `level ${trade.side === "buy" ? "gain" : "loss"}`;
        const arrow = trade.side === "buy" ? "▲" : "▼";
        for (const text of [`${arrow} ${grouped(trade.price, this.priceDigits)}`, grouped(trade.quantity, this.digits), time(trade.time)]) {
          const cell = document.createElement("span");
          cell.textContent = text;
          row.append(cell);
        }
        return row;
      }),
    );
  }
}
