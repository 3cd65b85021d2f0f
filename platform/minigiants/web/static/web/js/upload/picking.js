// From what was dropped or picked to a list of {path, file}, relative to the model's own folder.

const LEFT_BY_SYSTEMS = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|__pycache__\/.*)$/;

function readAll(reader) {
  return new Promise((resolve, reject) => {
    const entries = [];
    // A directory reader hands out at most 100 entries at a time.
    const next = () =>
      reader.readEntries((batch) => {
        if (batch.length === 0) {
          resolve(entries);
          return;
        }
        entries.push(...batch);
        next();
      }, reject);
    next();
  });
}

async function walk(entry, prefix, found) {
  const path = prefix + entry.name;
  if (entry.isFile) {
    found.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    return;
  }
  for (const child of await readAll(entry.createReader())) await walk(child, `${path}/`, found);
}

// One folder that holds everything is the model's own folder, not a part of its paths.
function withoutCommonFolder(files) {
  const [first] = files[0].path.split("/");
  const common = files.every(({ path }) => path.startsWith(`${first}/`));
  return common
    ? files.map(({ path, file }) => ({ path: path.slice(first.length + 1), file }))
    : files;
}

export function arrange(files) {
  const left = files.filter(({ path }) => LEFT_BY_SYSTEMS.test(path)).map(({ path }) => path);
  const kept = files.filter(({ path }) => !LEFT_BY_SYSTEMS.test(path));
  return {
    files: (kept.length ? withoutCommonFolder(kept) : kept).sort((a, b) =>
      a.path < b.path ? -1 : 1,
    ),
    left,
  };
}

export async function fromDrop(dataTransfer) {
  const entries = [...dataTransfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry());
  const found = [];
  for (const entry of entries.filter(Boolean)) await walk(entry, "", found);
  return found;
}

export function fromInput(input) {
  return [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
