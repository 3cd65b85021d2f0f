// Runs before the first paint, so that nothing flashes: the chosen colour scheme, and what only
// those without JavaScript shall see.
(() => {
  const root = document.documentElement;
  root.dataset.scripted = "";
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage is closed to us: the system's scheme it is.
  }
})();
