// Hugging Face's Rust tokenizers. Arguments: tokenizer.json, a file with one JSON text per line, a file for the answer, then
// "special" to add the post-processor's tokens. The answer is binary, little endian, int32: for each text its ids, and the bytes of
// the text that the ids decode to without special tokens, each with its length in front.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { Tokenizer } from "@anush008/tokenizers";

const [tokenizerFile, textFile, answerFile, special] = process.argv.slice(2);
const tokenizer = Tokenizer.fromString(readFileSync(tokenizerFile, "utf8"));
const texts = readFileSync(textFile, "utf8").split("\n").filter((line) => line.length > 0).map((line) => JSON.parse(line));
const answer = openSync(answerFile, "w");
const batchSize = 512;
for (let start = 0; start < texts.length; start += batchSize) {
  const encodings = await tokenizer.encodeBatch(texts.slice(start, start + batchSize), { addSpecialTokens: special === "special" });
  const ids = encodings.map((encoding) => Array.from(encoding.getIds()));
  const decoded = await tokenizer.decodeBatch(ids, true);
  for (let i = 0; i < ids.length; i++) {
    const bytes = Buffer.from(decoded[i], "utf8");
    writeSync(answer, Buffer.from(Int32Array.from([ids[i].length, ...ids[i], bytes.length]).buffer));
    writeSync(answer, bytes);
  }
}
closeSync(answer);
