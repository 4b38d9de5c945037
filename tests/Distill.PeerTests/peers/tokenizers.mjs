// Hugging Face's Rust tokenizers. Arguments: tokenizer.json, then "special" to add the post-processor's tokens.
// In: a text per line. Out: { ids, text } per line; text is decoded without the special tokens.
import { readFileSync } from "node:fs";
import { Tokenizer } from "@anush008/tokenizers";
import { readLines, writeLine } from "./jsonLines.mjs";

const tokenizer = Tokenizer.fromString(readFileSync(process.argv[2], "utf8"));
const addSpecialTokens = process.argv[3] === "special";
for await (const text of readLines()) {
  const encoding = await tokenizer.encode(text, null, { addSpecialTokens });
  const ids = Array.from(encoding.getIds());
  writeLine({ ids, text: await tokenizer.decode(ids, true) });
}
