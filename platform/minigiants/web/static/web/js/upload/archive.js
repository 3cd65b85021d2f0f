// A ZIP that was dropped or picked becomes the files in it. They are unpacked here: the platform
// itself unpacks nothing that a participant sends.

import { ApiProblem } from "./api.js";

const MEND = "Pack the model's folder again, as a plain ZIP without a password, or pick the folder itself.";

function unusable(detail) {
  return new ApiProblem({ title: "The archive can't be opened", detail, mend: MEND });
}

export function isArchive(picked) {
  return picked.length === 1 && picked[0].path.toLowerCase().endsWith(".zip");
}

// `library` is the address of zip.js, which is loaded only when it is needed. `maxBytes` is how much
// may come out: a bomb is recognised by what its entries announce, before any is unpacked.
export async function unpack(archive, { library, maxBytes, signal }) {
  await import(library);
  const { BlobReader, BlobWriter, ZipReader, configure } = globalThis.zip;
  configure({ useWebWorkers: false }); // a worker from a blob is not allowed by our policy
  const reader = new ZipReader(new BlobReader(archive));
  try {
    const entries = (await reader.getEntries()).filter((entry) => !entry.directory);
    if (entries.some((entry) => entry.encrypted)) throw unusable("It is locked with a password.");
    const bytes = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    if (bytes > maxBytes) {
      throw new ApiProblem({
        title: "The archive holds more than this competition takes",
        detail: `${bytes.toLocaleString("en")} bytes; ${maxBytes.toLocaleString("en")} are allowed.`,
        mend: "Pack only what the model needs: weights, configuration, source.",
        code: "upload_too_large",
      });
    }
    const found = [];
    for (const entry of entries) {
      signal.throwIfAborted();
      const content = await entry.getData(new BlobWriter(), { checkSignature: true, signal });
      // The archive's own time: so the same archive, picked again, goes on with its upload.
      const { lastModified } = archive;
      found.push({ path: entry.filename, file: new File([content], "part", { lastModified }) });
    }
    return found;
  } catch (error) {
    if (signal.aborted || error instanceof ApiProblem) throw error;
    throw unusable(`It is damaged, or of a kind that can't be read here (${error.message}).`);
  } finally {
    await reader.close();
  }
}
