// What can be told of a model before it is sent. The platform counts for itself: this spares the
// sending of what can't be meant, and is believed by nobody.

const HEADER_BYTES = 16 * 1024 ** 2;
const PICKLES = /\.(pkl|pickle|pt|pth|ckpt|joblib)$/i;

async function safetensors(file) {
  const [length] = new BigUint64Array(await file.slice(0, 8).arrayBuffer());
  if (length > BigInt(HEADER_BYTES) || Number(length) + 8 > file.size) return null;
  const header = JSON.parse(await file.slice(8, 8 + Number(length)).text());
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return {
    tensors: tensors.length,
    numbers: tensors.reduce(
      (sum, [, { shape }]) => sum + shape.reduce((product, size) => product * size, 1),
      0,
    ),
  };
}

export async function forecast(files) {
  const told = [];
  const pickles = files.filter(({ path }) => PICKLES.test(path)).map(({ path }) => path);
  if (pickles.length) {
    told.push(`Inspection refuses pickles, and this looks like some: ${pickles.join(", ")}.`);
  }
  let tensors = 0;
  let numbers = 0;
  for (const { path, file } of files) {
    if (!path.endsWith(".safetensors")) continue;
    const found = await safetensors(file).catch(() => null);
    if (found === null) {
      told.push(`${path} has no header that can be read.`);
      continue;
    }
    tensors += found.tensors;
    numbers += found.numbers;
  }
  if (tensors) {
    const count = (value) => value.toLocaleString("en");
    told.push(`${count(numbers)} numbers in ${count(tensors)} tensors, by the files' own headers.`);
  }
  return told.join(" ");
}
