// Dark or light: as the system says until the reader chooses; kept in this browser. Runs before the first paint.
(() => {
  const KEY = "theme";
  const root = document.documentElement;
  const chosen = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const isLight = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark")) === "light";
  if (chosen()) root.dataset.theme = chosen();
  const toggle = () => {
    root.dataset.theme = isLight() ? "dark" : "light";
    try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* only for this page, then */ }
    dispatchEvent(new Event("themechange"));
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) toggle();
  });
  addEventListener("toggletheme", toggle);
})();
