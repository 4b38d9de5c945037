// JSON lines on standard input and output; a script that prints anything else breaks the protocol.
import { createInterface } from "node:readline";

export async function* readLines() {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.length > 0) yield JSON.parse(line);
  }
}

export function writeLine(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}
