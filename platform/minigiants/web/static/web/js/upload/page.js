// The page that hands in: pick, send, show the verdict.

import { Api, ApiProblem } from "./api.js";
import { isArchive, unpack } from "./archive.js";
import { forecast } from "./forecast.js";
import { forget, recall, remember } from "./memory.js";
import { arrange, fromDrop, fromInput } from "./picking.js";
import { fileSize, Progress } from "./progress.js";
import { Sending } from "./sending.js";

const root = document.querySelector("[data-upload]");
const dropzone = root.querySelector(".dropzone");
const sendingBox = root.querySelector(".sending");
const problems = root.querySelector("[data-problems]");
const announcer = root.querySelector("[data-announcer]");
const { competition } = root.dataset;
const api = new Api(root.querySelector("[name=csrfmiddlewaretoken]").value);
let abort = null;
let current = null;

function problemOf(error) {
  if (error instanceof ApiProblem) return error;
  if (error instanceof DOMException || error instanceof TypeError) {
    return new ApiProblem({
      title: "The files could not be read or sent",
      detail: error.message,
      mend: "Check the connection and that the files are still there, then pick them again: what has arrived is not sent twice.",
    });
  }
  throw error;
}

function showProblem(problem) {
  const note = root.querySelector("template").content.cloneNode(true);
  note.querySelector("[data-title]").textContent = problem.title;
  note.querySelector("[data-detail]").textContent = problem.detail;
  note.querySelector("[data-mend]").textContent = problem.mend;
  const code = note.querySelector("[data-code]");
  code.querySelector("code").textContent = problem.code;
  code.querySelector("a").href += problem.code;
  code.hidden = !problem.code;
  problems.replaceChildren(note);
}

function show(which) {
  dropzone.hidden = which !== dropzone;
  sendingBox.hidden = which !== sendingBox;
}

function showPause() {
  const button = sendingBox.querySelector("[data-pause]");
  button.hidden = current === null;
  button.textContent = current?.sending.isPaused ? "Go on" : "Pause";
}

function pauseOrGoOn() {
  const { sending, progress } = current;
  if (sending.isPaused) {
    progress.restart();
    sending.goOn();
    announcer.textContent = "Sending goes on.";
  } else {
    sending.pause();
    progress.say("Paused. What has arrived stays there, also when you leave this page.");
    announcer.textContent = "Paused.";
  }
  showPause();
}

function listFiles(files) {
  const items = files.map(({ path, file }) => {
    const item = document.createElement("li");
    const name = document.createElement("code");
    const size = document.createElement("span");
    name.textContent = path;
    size.textContent = fileSize(file.size);
    size.className = "size";
    item.append(name, size);
    return item;
  });
  sendingBox.querySelector("[data-files]").replaceChildren(...items);
}

function checkBeforeSending(files) {
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const maxBytes = Number(root.dataset.maxBytes);
  const maxFiles = Number(root.dataset.maxFiles);
  if (!files.length) {
    throw new ApiProblem({
      title: "There is nothing to send",
      detail: "No files were found in what you picked.",
      mend: "Pick the folder that holds the model, or its files.",
    });
  }
  if (bytes > maxBytes) {
    throw new ApiProblem({
      title: "The upload is larger than this competition takes",
      detail: `${fileSize(bytes)}; ${fileSize(maxBytes)} are allowed.`,
      mend: "Send only what the model needs: weights, configuration, source.",
      code: "upload_too_large",
    });
  }
  if (files.length > maxFiles) {
    throw new ApiProblem({
      title: "The upload has more files than this competition takes",
      detail: `${files.length} files; ${maxFiles} are allowed.`,
      mend: "Send only what the model needs: weights, configuration, source.",
      code: "too_many_files",
    });
  }
}

// Not cancelled on its way: the server may have opened the upload already, and only its answer
// tells which one is to be deleted.
async function openUpload(files) {
  const known = recall(competition, files);
  if (known) {
    try {
      const upload = await api.send("GET", `/uploads/${known}`);
      if (upload.status === "open") return upload;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    forget(competition, files);
  }
  const announced = files.map(({ path, file }) => ({ path, size: file.size }));
  const upload = await api.send("POST", "/uploads", { body: { competition, files: announced } });
  remember(competition, files, upload.id);
  return upload;
}

async function showVerdict(artifactId) {
  const url = `${location.pathname}?artifact=${artifactId}`;
  history.replaceState(null, "", url);
  await window.htmx.ajax("GET", url, { target: "#verdict", swap: "outerHTML" });
  const heading = document.querySelector("#verdict h2");
  heading?.focus();
}

async function unpacked(picked, signal) {
  if (!isArchive(picked)) return picked;
  sendingBox.querySelector("[data-numbers]").textContent = "Unpacking the archive…";
  const [{ file }] = picked;
  const { zipLibrary: library, maxBytes } = root.dataset;
  return unpack(file, { library, maxBytes: Number(maxBytes), signal });
}

async function handOver(picked) {
  problems.replaceChildren();
  document.querySelector("#verdict").replaceChildren();
  abort = new AbortController();
  const { signal } = abort;
  let upload = null;
  let files = [];
  try {
    show(sendingBox);
    const arranged = arrange(await unpacked(picked, signal));
    const { left } = arranged;
    files = arranged.files;
    checkBeforeSending(files);
    listFiles(files);
    root.querySelector("[data-left]").textContent = left.length
      ? `Left out, because no model needs them: ${left.join(", ")}.`
      : "";
    const progress = new Progress(sendingBox);
    root.querySelector("[data-forecast]").textContent = await forecast(files);
    announcer.textContent = `Sending ${files.length} files.`;
    upload = await openUpload(files);
    signal.throwIfAborted();
    const sending = new Sending({
      api,
      upload,
      files,
      signal,
      onProgress: (sent, total) => {
        if (!sending.isPaused) progress.show(sent, total);
      },
      onWaiting: (seconds) => progress.say(`Connection lost. Trying again in ${seconds} s.`),
    });
    current = { sending, progress };
    showPause();
    await sending.run();
    current = null;
    showPause();
    progress.say("All parts are there. Inspecting…");
    const artifact = await api.send("POST", `/uploads/${upload.id}/complete`, { signal });
    forget(competition, files);
    announcer.textContent = "The verdict is there.";
    await showVerdict(artifact.id);
  } catch (error) {
    const cancelled = signal.aborted;
    abort.abort(); // the other parts on their way are not wanted any more
    if (cancelled) {
      forget(competition, files);
      announcer.textContent = "Cancelled.";
      if (upload) await api.send("DELETE", `/uploads/${upload.id}`).catch(problemOf);
    } else {
      showProblem(problemOf(error));
    }
  } finally {
    abort = null;
    current = null;
    show(dropzone);
  }
}

function start() {
  if (!window.isSecureContext || !crypto.subtle) {
    showProblem(
      new ApiProblem({
        title: "Uploading in the browser needs HTTPS",
        detail: "This page came over plain HTTP, where browsers don't offer the hash function that guards each part.",
        mend: "Open the site by its https:// address, or use the command below.",
      }),
    );
    return;
  }
  show(dropzone);
  for (const input of root.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      const picked = fromInput(input);
      input.value = "";
      handOver(picked);
    });
  }
  for (const kind of ["dragenter", "dragover"]) {
    dropzone.addEventListener(kind, (event) => {
      event.preventDefault();
      dropzone.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    dropzone.addEventListener(kind, () => dropzone.classList.remove("over"));
  }
  dropzone.addEventListener("drop", async (event) => {
    event.preventDefault();
    handOver(await fromDrop(event.dataTransfer));
  });
  sendingBox.querySelector("[data-pause]").addEventListener("click", pauseOrGoOn);
  sendingBox.querySelector("[data-cancel]").addEventListener("click", () => abort?.abort());
  window.addEventListener("beforeunload", (event) => {
    if (abort) event.preventDefault();
  });
}

start();
