// The newest few notices; good news goes by itself, what went wrong stays until it is closed.

const NOTICES = 4;
const GOOD_NEWS_MS = 8000;

export function keepShort(notices) {
  new MutationObserver((changes) => {
    while (notices.children.length > NOTICES) notices.lastElementChild.remove();
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.matches?.(".gain, .plain")) setTimeout(() => node.remove(), GOOD_NEWS_MS);
    }
  }).observe(notices, { childList: true });
  notices.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".notice").remove());
}
