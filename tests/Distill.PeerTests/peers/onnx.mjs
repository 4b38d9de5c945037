// ONNX Runtime in Node. Argument: model.onnx. In: { prompts, steps }, token ids; prompts may differ in length, each step
// has one token for each prompt. Out: a line for the prompts and one for each step, the logits after every row's last token.
import * as ort from "onnxruntime-node";
import { readLines, writeLine } from "./jsonLines.mjs";

const session = await ort.InferenceSession.create(process.argv[2]);
const metadata = new Map(session.inputMetadata.map((input) => [input.name, input]));
const pastNames = session.inputNames.filter((name) => name.startsWith("past_key_values."));

const int64 = (rows) => new ort.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);

for await (const { prompts, steps } of readLines()) {
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const padding = prompts.map((prompt) => longest - prompt.length);
  let past = Object.fromEntries(pastNames.map((name) => {
    const shape = metadata.get(name).shape; // batch_size, heads, past_sequence_length, width
    return [name, new ort.Tensor("float32", new Float32Array(0), [prompts.length, Number(shape[1]), 0, Number(shape[3])])];
  }));
  let length = 0;
  for (const rows of [prompts.map((prompt, row) => [...Array(padding[row]).fill(0), ...prompt]), ...steps.map((step) => step.map((token) => [token]))]) {
    const width = rows[0].length;
    const positions = rows.map((_, row) => Array.from({ length: width }, (_, i) => Math.max(0, length + i - padding[row])));
    length += width;
    const mask = rows.map((_, row) => Array.from({ length }, (_, i) => (i < padding[row] ? 0 : 1)));
    const results = await session.run({ input_ids: int64(rows), attention_mask: int64(mask), position_ids: int64(positions), ...past });
    past = Object.fromEntries(pastNames.map((name) => [name, results[name.replace("past_key_values", "present")]]));
    const vocabulary = results.logits.dims[2];
    writeLine(rows.map((_, row) => {
      const end = (row + 1) * width * vocabulary;
      return Array.from(results.logits.data.slice(end - vocabulary, end));
    }));
  }
}
