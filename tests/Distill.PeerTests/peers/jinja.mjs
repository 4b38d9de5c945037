// Hugging Face's Jinja for JavaScript. In: { template, context } per line. Out: { text } or { error } per line.
import { Template } from "@huggingface/jinja";
import { readLines, writeLine } from "./jsonLines.mjs";

for await (const { template, context } of readLines()) {
  try {
    writeLine({ text: new Template(template).render(context) });
  } catch (error) {
    writeLine({ error: String(error) });
  }
}
