// Hugging Face's Jinja for JavaScript, alone and as transformers.js calls it. In: { template, tokens, messages, variables } per line.
// Out: { jinja, transformers } per line, each { text } or { error }.
import { Template } from "@huggingface/jinja";
// The source module: the bundle would also load engines and image libraries, which are not installed.
import { PreTrainedTokenizer } from "../node_modules/@huggingface/transformers/src/tokenization_utils.js";
import { readLines, writeLine } from "./jsonLines.mjs";

const emptyTokenizer = {
  version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
  post_processor: null, decoder: { type: "ByteLevel" }, model: { type: "BPE", vocab: { a: 0 }, merges: [] },
};

function attempt(render) {
  try {
    return { text: render() };
  } catch (error) {
    return { error: String(error) };
  }
}

const tokenizers = new Map();

function tokenizerWith(template, tokens) {
  const key = JSON.stringify([template, tokens]);
  if (!tokenizers.has(key)) tokenizers.set(key, new PreTrainedTokenizer(emptyTokenizer, { ...tokens, chat_template: template, tokenizer_class: "PreTrainedTokenizer" }));
  return tokenizers.get(key);
}

for await (const { template, tokens, messages, variables } of readLines()) {
  const { tools = null, documents = null, add_generation_prompt = false, ...others } = variables;
  writeLine({
    jinja: attempt(() => new Template(template).render({ ...tokens, tools, documents, add_generation_prompt, ...others, messages })),
    transformers: attempt(() => tokenizerWith(template, tokens).apply_chat_template(messages, { tools, documents, add_generation_prompt, ...others, tokenize: false })),
  });
}
