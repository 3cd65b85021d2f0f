// Keeps the page of a submission up to date: by server-sent events, else by asking every few
// seconds. What is shown always comes from the server's own fragment.

const POLL_SECONDS = 4;
const QUEUE_SECONDS = 15;
const ERRORS_BEFORE_POLLING = 3;

const announcer = document.querySelector("[data-announcer]");
const live = () => document.querySelector("#live");
let source = null;
let timer = null;
let errors = 0;
let refreshing = null;
let again = false;

function isFinal() {
  return live().dataset.final === "true";
}

function stop() {
  source?.close();
  clearInterval(timer);
}

async function load() {
  const before = live().dataset.status;
  await window.htmx.ajax("GET", live().dataset.fragment, { target: "#live", swap: "outerHTML" });
  if (live().dataset.status !== before) announcer.textContent = live().dataset.announce;
  if (isFinal()) stop();
}

// Events that come while the fragment is on its way lead to one more request, not to many.
function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = load().finally(() => {
    refreshing = null;
    if (again && !isFinal()) {
      again = false;
      refresh();
    }
  });
}

function poll(seconds) {
  clearInterval(timer);
  timer = setInterval(refresh, seconds * 1000);
}

function listen() {
  source = new EventSource(live().dataset.events);
  source.addEventListener("open", () => {
    errors = 0;
    poll(QUEUE_SECONDS); // positions in the queue move without an event of this submission
  });
  source.addEventListener("state", (event) => {
    const { updated_at: updated } = JSON.parse(event.data);
    if (Date.parse(updated) !== Date.parse(live().dataset.updated)) refresh();
  });
  source.addEventListener("error", () => {
    errors += 1;
    if (source.readyState === EventSource.CLOSED || errors >= ERRORS_BEFORE_POLLING) {
      source.close();
      poll(POLL_SECONDS);
    }
  });
}

if (!isFinal()) listen();
window.addEventListener("pagehide", stop);
