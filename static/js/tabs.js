// Tabs as one stop of the keyboard: arrows go from one to the next, and what is chosen is shown.

export class Tabs {
  // onChoose(tab) shows what belongs to it.
  constructor(list, onChoose) {
    this.tabs = [...list.querySelectorAll('[role="tab"]')];
    this.onChoose = onChoose;
    list.addEventListener("click", (event) => {
      const tab = event.target.closest('[role="tab"]');
      if (tab) this.choose(tab);
    });
    list.addEventListener("keydown", (event) => this.step(event));
  }

  choose(chosen) {
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    this.onChoose(chosen);
  }

  step(event) {
    const at = this.tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = this.tabs.at(to % this.tabs.length);
    this.choose(tab);
    tab.focus();
  }
}
