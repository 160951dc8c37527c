// The order form: shows the fields its type takes, asks for the preview, and can be driven by keys.

export class OrderForm {
  constructor(form, { tick }) {
    this.form = form;
    this.tick = tick;
    this.submit = form.querySelector("#submit");
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    for (const button of form.querySelectorAll("[data-share]")) {
      button.addEventListener("click", () => this.take(Number(button.dataset.share)));
    }
    this.changed();
  }

  changed() {
    const type = this.form.elements.type.value;
    for (const field of this.form.querySelectorAll("[data-for]")) {
      field.hidden = !field.dataset.for.split(" ").includes(type);
    }
    const isPriced = !this.form.elements.price.closest("label").hidden;
    this.form.querySelector("#expires").hidden = !isPriced || this.form.elements.time_in_force.value !== "gtd";
    const side = this.form.elements.side.value;
    this.submit.className = side;
    this.submit.textContent = `${side === "buy" ? "Buy" : "Sell"} ${this.submit.dataset.symbol}`;
    this.previewSoon();
  }

  previewSoon() {
    clearTimeout(this.timer);
    if (!this.form.elements.quantity.value) return;
    this.timer = setTimeout(() => window.htmx?.trigger("#preview", "preview"), 250);
  }

  setPrice(price) {
    this.form.elements.price.value = price;
    this.changed();
  }

  setSide(side) {
    this.form.elements.side.value = side;
    this.changed();
  }

  // A share of what is available, at the account's leverage and the price of the form or the last one.
  take(share) {
    const available = Number(document.querySelector("[data-available]")?.dataset.available ?? 0);
    const leverage = Number(document.querySelector('[name="leverage"]')?.value || 1);
    const price = Number(this.form.elements.price.value || this.form.elements.price.placeholder);
    const lot = this.form.elements.quantity.placeholder;
    if (!(available > 0 && price > 0)) return;
    const digits = (lot.split(".")[1] ?? "").length;
    const lots = Math.floor((available * leverage * share) / 100 / price / Number(lot));
    this.form.elements.quantity.value = (lots * Number(lot)).toFixed(digits);
    this.changed();
  }
}
