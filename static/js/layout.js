// Which panels are shown and how dense they are: the trader chooses, this browser remembers.

const KEY = "layout";

function remembered() {
  try {
    const { off = [], density = "comfortable" } = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return { off, density };
  } catch {
    return { off: [], density: "comfortable" };
  }
}

export function followLayout(main, menu) {
  const boxes = [...menu.querySelectorAll('[name="panel"]')];
  const densities = [...menu.querySelectorAll('[name="density"]')];

  const apply = ({ off, density }) => {
    main.dataset.density = density;
    for (const box of boxes) main.querySelector(`.panel.${box.value}`).classList.toggle("is-off", off.includes(box.value));
  };

  const layout = remembered();
  for (const box of boxes) box.checked = !layout.off.includes(box.value);
  for (const choice of densities) choice.checked = choice.value === layout.density;
  apply(layout);
  menu.addEventListener("change", () => {
    const chosen = { off: boxes.filter((box) => !box.checked).map((box) => box.value), density: densities.find((choice) => choice.checked).value };
    apply(chosen);
    try {
      localStorage.setItem(KEY, JSON.stringify(chosen));
    } catch { /* only for this page, then */ }
  });
}
