// Speed of Hugging Face's Rust tokenizers on one thread. Arguments: tokenizer.json, a file with one JSON text per line, passes.
// Out: { seconds, tokens } of the fastest pass. All texts go in one call, so that crossing into Rust costs next to nothing.
import { readFileSync } from "node:fs";
import { writeLine } from "./jsonLines.mjs";

Object.assign(process.env, { RAYON_NUM_THREADS: "1", TOKENIZERS_PARALLELISM: "false", UV_THREADPOOL_SIZE: "1" });
const { Tokenizer } = await import("@anush008/tokenizers");

const [tokenizerFile, textFile, passes] = process.argv.slice(2);
const tokenizer = Tokenizer.fromString(readFileSync(tokenizerFile, "utf8"));
const texts = readFileSync(textFile, "utf8").split("\n").filter((line) => line.length > 0).map((line) => JSON.parse(line));
let seconds = Infinity;
let tokens = 0;
for (let pass = 0; pass < Number(passes); pass++) {
  const start = process.hrtime.bigint();
  const encodings = await tokenizer.encodeBatch(texts, { addSpecialTokens: false });
  seconds = Math.min(seconds, Number(process.hrtime.bigint() - start) / 1e9);
  tokens = encodings.reduce((sum, encoding) => sum + encoding.getLength(), 0);
}
writeLine({ seconds, tokens });
