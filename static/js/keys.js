// Single keys that act while nobody types; Escape leaves a field.

export function listen(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("input, select")) event.target.blur();
    const isTyping = event.target.closest('input:not([type="radio"], [type="checkbox"]), select, textarea');
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
