// Remembers uploads that were begun, so that picking the same files again goes on with them.

function key(competition, files) {
  const listing = files.map(({ path, file }) => `${path}:${file.size}:${file.lastModified}`);
  return `upload:${competition}:${listing.join("|")}`;
}

export function remember(competition, files, id) {
  try {
    localStorage.setItem(key(competition, files), id);
  } catch {
    // Without storage an upload begins anew; nothing else is lost.
  }
}

export function recall(competition, files) {
  try {
    return localStorage.getItem(key(competition, files));
  } catch {
    return null;
  }
}

export function forget(competition, files) {
  try {
    localStorage.removeItem(key(competition, files));
  } catch {
    // See above.
  }
}
