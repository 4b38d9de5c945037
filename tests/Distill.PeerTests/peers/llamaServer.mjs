// An OpenAI-compatible server over llama.cpp: node peers/llamaServer.mjs model.gguf slots
// Says {"port":N} when it listens. Chat format of DeepSeek-R1; streams one chunk for each token.
import http from 'node:http';
import {getLlama} from 'node-llama-cpp';

const [, , modelPath, slots = '4'] = process.argv;
const llama = await getLlama({gpu: false, build: 'never', logLevel: 'error'});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({sequences: Number(slots), contextSize: 512, threads: 1});
const free = Array.from({length: Number(slots)}, () => context.getSequence());
const waiting = [];

const acquire = () => free.length > 0 ? Promise.resolve(free.pop()) : new Promise(resolve => waiting.push(resolve));
const release = sequence => waiting.length > 0 ? waiting.shift()(sequence) : free.push(sequence);

function promptTokens(messages) {
  const turns = messages.map(message => message.role === 'user' ? `<｜User｜>${message.content}` : message.content).join('');
  const tokens = model.tokenize(`${turns}<｜Assistant｜><think>\n`, true);
  return tokens[0] === model.tokens.bos ? tokens : [model.tokens.bos, ...tokens];
}

async function complete(body, response, closed) {
  const prompt = promptTokens(body.messages);
  const sequence = await acquire();
  const send = value => response.write(`data: ${JSON.stringify({object: 'chat.completion.chunk', model: 'tiny-r1', ...value})}\n\n`);
  response.writeHead(200, {'Content-Type': 'text/event-stream'});
  const produced = [];
  let said = '', finish = 'length';
  try {
    await sequence.clearHistory();
    const options = {temperature: body.temperature, topP: body.top_p, topK: body.top_k ?? 0, seed: body.seed, yieldEogToken: true};
    for await (const token of sequence.evaluate(prompt, options)) {
      if (closed()) return;
      produced.push(token);
      if (model.isEogToken(token)) {
        finish = 'stop';
        break;
      }
      const text = model.detokenize(produced, false);
      if (!text.endsWith('\uFFFD')) {
        send({choices: [{index: 0, delta: {content: text.slice(said.length)}, finish_reason: null}]});
        said = text;
      }
      if (produced.length >= body.max_tokens) break;
    }
    send({choices: [{index: 0, delta: {}, finish_reason: finish}]});
    send({choices: [], usage: {prompt_tokens: prompt.length, completion_tokens: produced.length}});
    response.end('data: [DONE]\n\n');
  } finally {
    release(sequence);
  }
}

const server = http.createServer((request, response) => {
  if (request.url.endsWith('/models')) {
    response.end(JSON.stringify({object: 'list', data: [{id: 'tiny-r1', object: 'model', owned_by: 'llama.cpp in node'}]}));
    return;
  }
  let text = '', gone = false;
  response.on('close', () => gone = true);
  request.on('data', piece => text += piece);
  request.on('end', () => complete(JSON.parse(text), response, () => gone).catch(error => response.destroy(error)));
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({port: server.address().port})));
process.stdin.on('end', () => process.exit(0)).resume(); // the test that started it is gone
