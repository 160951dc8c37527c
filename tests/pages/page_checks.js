// What is wrong with the page as it stands, as a list of sentences.
() => {
  const complaints = [];
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const describe = (element) => `<${element.tagName.toLowerCase()}${element.id && ` id=${element.id}`} class="${element.className}"> ${element.textContent.trim().slice(0, 40)}`;

  // Colours: [red, green, blue, opacity], the first three of 255.
  const colourOf = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    return numbers.length === 3 ? [...numbers, 1] : numbers;
  };
  const over = (top, below) => [0, 1, 2].map((index) => top[index] * top[3] + below[index] * (1 - top[3]));
  const backgroundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(colourOf(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((part) => (part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };

  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !isSeen(element) || element.closest(":disabled, option, .hidden, .skip")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const background = backgroundOf(element);
    const found = contrast(over(colourOf(style.color), background), background);
    texts += 1;
    if (found < needed) complaints.push(`contrast ${found.toFixed(2)} below ${needed}: ${describe(element)}`);
  }
  if (texts < 5) complaints.push(`only ${texts} texts were looked at`);

  for (const control of document.querySelectorAll("input:not([type=hidden], [aria-hidden=true]), select, textarea")) {
    const name = control.getAttribute("aria-label") ?? [...(control.labels ?? [])].map((label) => label.textContent.trim()).join("");
    if (!name) complaints.push(`a field without a label: ${control.name}`);
  }
  for (const control of document.querySelectorAll("button:not(.level), a[href], summary, [role=tab], [role=region]")) {
    if (!control.getAttribute("aria-label") && !control.textContent.trim()) complaints.push(`without a name: ${describe(control)}`);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) complaints.push(`an image without alt: ${image.src}`);
  for (const cell of document.querySelectorAll("th:not([scope])")) complaints.push(`a heading cell without scope: ${describe(cell)}`);
  for (const element of document.querySelectorAll("[aria-controls], [aria-labelledby]")) {
    const ids = `${element.getAttribute("aria-controls") ?? ""} ${element.getAttribute("aria-labelledby") ?? ""}`.trim().split(/\s+/);
    for (const id of ids) if (!document.getElementById(id)) complaints.push(`there is no #${id}, which is named by ${describe(element)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) complaints.push(`#${id} is there twice`);
  for (const role of ["main", "header", "nav[aria-label=Main]", "h1"]) {
    if (document.querySelectorAll(role).length !== 1) complaints.push(`not exactly one ${role}`);
  }
  if (!document.documentElement.lang) complaints.push("the page does not say its language");

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) complaints.push(`${document.documentElement.scrollWidth - width} px too wide`);
  for (const element of document.querySelectorAll("body *")) {
    const isClipped = element.closest(".scroll, .hidden, .skip, .chart-area, [role=tabpanel], .keys");
    if (isSeen(element) && !isClipped && element.getBoundingClientRect().right > width + 1) complaints.push(`reaches out of the window: ${describe(element)}`);
  }
  return complaints;
}
