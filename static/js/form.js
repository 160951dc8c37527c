// The order form: shows the fields its type takes, what the order is worth, and asks for the preview.

import { grouped, places } from "./figures.js";

export class OrderForm {
  // takerFee is a rate as text.
  constructor(form, { takerFee, leverage, marginMode }) {
    this.form = form;
    this.fields = form.elements;
    this.takerFee = Number(takerFee);
    this.leverage = leverage;
    this.marginMode = marginMode;
    this.isChoosing = false;
    const choice = leverage.form;
    choice.addEventListener("input", () => (this.isChoosing = true));
    choice.addEventListener("htmx:afterRequest", () => (this.isChoosing = false));
    choice.addEventListener("focusout", ({ relatedTarget }) => (this.isChoosing &&= choice.contains(relatedTarget)));
    this.available = 0;
    this.submit = form.querySelector("#submit");
    this.preview = form.querySelector("#preview");
    this.hint = this.preview.innerHTML;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("click", (event) => {
      const share = event.target.closest("[data-share]")?.dataset.share;
      if (share) this.take(Number(share) / 100);
    });
    this.changed();
  }

  get isPriced() {
    return !this.fields.price.closest("label").hidden;
  }

  // What the order would trade at: its own price, or the last one.
  get price() {
    return Number((this.isPriced && this.fields.price.value) || this.fields.price.placeholder);
  }

  get buyingPower() {
    return this.available / (1 / (Number(this.leverage.value) || 1) + 2 * this.takerFee); // two fees: in and out again
  }

  changed() {
    const type = this.fields.type.value;
    for (const field of this.form.querySelectorAll("[data-for]")) {
      field.hidden = !field.dataset.for.split(" ").includes(type);
      field.querySelector("input, select").disabled = field.hidden;
    }
    this.form.querySelector("#expires").hidden = !this.isPriced || this.fields.time_in_force.value !== "gtd";
    const side = this.fields.side.value;
    this.submit.className = side;
    this.submit.textContent = `${side === "buy" ? "Buy" : "Sell"} ${this.submit.dataset.symbol}`;
    this.showWorth();
    this.previewSoon();
  }

  showWorth() {
    const value = Number(this.fields.quantity.value) * this.price;
    this.form.querySelector("#order-value").textContent = value > 0 ? `≈ ${grouped(value.toFixed(2))} USDT` : "–";
    this.form.querySelector("#buying-power").textContent = `${grouped(this.buyingPower.toFixed(2))} USDT`;
  }

  previewSoon() {
    clearTimeout(this.timer);
    if (this.form.checkValidity()) this.timer = setTimeout(() => window.htmx?.trigger(this.preview, "preview"), 250);
    else this.preview.innerHTML = this.hint;
  }

  setPrice(price) {
    if (!this.isPriced) this.fields.type.value = "limit";
    this.fields.price.value = price;
    this.changed();
  }

  set(name, value) {
    this.fields[name].value = value;
    this.changed();
  }

  // What the account has free, and its leverage and margin mode here, but not while somebody chooses others.
  showFunds({ available, leverage, marginMode }) {
    this.available = Number(available);
    if (leverage && !this.isChoosing) this.leverage.value = leverage;
    if (marginMode && !this.isChoosing) this.marginMode.value = marginMode;
    this.showWorth();
  }

  // A share of the buying power, in whole lots.
  take(share) {
    if (!(this.available > 0 && this.price > 0)) return;
    const lot = this.fields.quantity.placeholder;
    const lots = Math.floor((this.buyingPower * share) / this.price / Number(lot));
    this.fields.quantity.value = (lots * Number(lot)).toFixed(places(lot));
    this.changed();
  }
}
