// The newest few notices, none twice; good news goes by itself, what went wrong stays until it is closed.

const NOTICES = 4;
const GOOD_NEWS_MS = 5000;

// unreachable: the <template> of the notice for a form that could not be sent.
export function keepNotices(notices, unreachable) {
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.(".notice")) welcome(node, notices);
  }).observe(notices, { childList: true });
  notices.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".notice").remove());
  document.body.addEventListener("htmx:sendError", (event) => {
    if (event.detail.elt.matches("form")) notices.prepend(unreachable.content.cloneNode(true));
  });
}

function welcome(notice, notices) {
  for (const other of [...notices.children]) if (other !== notice && other.textContent === notice.textContent) other.remove();
  while (notices.children.length > NOTICES) notices.lastElementChild.remove();
  if (notice.matches(".gain, .plain")) setTimeout(() => notice.remove(), GOOD_NEWS_MS);
}
