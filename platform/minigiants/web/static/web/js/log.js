// Finding lines in a log, and staying at its end while it grows. The page replaces the log with
// the server's own fragment as the submission goes on; what was searched for stays.

const state = { words: "", follows: false };

function show() {
  const log = document.querySelector("[data-log]");
  if (!log) return;
  const tools = document.querySelector("[data-log-tools]");
  tools.hidden = false;
  const search = tools.querySelector("[type=search]");
  const follow = tools.querySelector("[type=checkbox]");
  search.value = state.words;
  follow.checked = state.follows;
  const lines = log.textContent.split("\n");
  const found = tools.querySelector("[data-log-found]");

  const filter = () => {
    state.words = search.value;
    const wanted = state.words.toLowerCase();
    const kept = lines.filter((line) => line.toLowerCase().includes(wanted));
    log.textContent = kept.join("\n");
    found.textContent = wanted
      ? `${kept.length} of ${lines.length} ${lines.length === 1 ? "line" : "lines"}`
      : "";
  };
  const stay = () => {
    state.follows = follow.checked;
    if (state.follows) log.scrollTop = log.scrollHeight;
  };
  search.addEventListener("input", () => {
    filter();
    stay();
  });
  follow.addEventListener("change", stay);
  if (state.words) filter();
  stay();
}

document.addEventListener("htmx:afterSwap", show);
show();
