// What every page has: the scheme switch, menus that close, commands to copy, ages of times.

import { spanInWords } from "./times.js";

const SCHEMES = ["auto", "light", "dark"];

function chosenScheme() {
  return document.documentElement.dataset.theme ?? "auto";
}

function showScheme(button) {
  const scheme = chosenScheme();
  for (const icon of button.querySelectorAll("[data-theme-icon]")) {
    icon.hidden = icon.dataset.themeIcon !== scheme;
  }
  const label = `Colours: ${scheme === "auto" ? "as the system" : scheme}. Change`;
  button.querySelector("[data-theme-label]").textContent = label;
  button.title = label;
}

function chooseScheme(scheme) {
  if (scheme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = scheme;
  try {
    if (scheme === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", scheme);
  } catch {
    // Not kept then; the page itself has changed all the same.
  }
}

function showCopied(button, answer) {
  button.classList.toggle("done", answer !== null);
  button.querySelector("[data-copy-icon]").hidden = answer !== null;
  button.querySelector("[data-copied-icon]").hidden = answer === null;
  button.querySelector("[data-copy-label]").textContent = answer ?? "Copy";
}

async function copyCommand(button) {
  const text = button.closest(".command").querySelector("code").textContent;
  let answer = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(button.closest(".command").querySelector("code"));
    answer = "Selected";
  }
  showCopied(button, answer);
  setTimeout(() => showCopied(button, null), 2000);
}

function refreshAges() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    element.textContent = spanInWords(new Date(element.dateTime), new Date());
  }
}

function prepare(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  showScheme(button);
  button.addEventListener("click", () => {
    chooseScheme(SCHEMES[(SCHEMES.indexOf(chosenScheme()) + 1) % SCHEMES.length]);
    showScheme(button);
  });
}

document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) copyCommand(copy);
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
prepare(document);
setInterval(refreshAges, 30_000);
