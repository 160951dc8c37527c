// How long it is until the moment that an element names in data-at, in milliseconds since 1970.

const two = (number) => String(number).padStart(2, "0");

export function countDown(element) {
  const show = () => {
    const left = Math.floor((Number(element.dataset.at) - Date.now()) / 1000);
    const isKnown = element.dataset.at && left >= 0;
    element.textContent = isKnown ? `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : "";
  };
  show();
  setInterval(show, 1000);
}
