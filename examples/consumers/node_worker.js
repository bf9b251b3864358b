// Uploads with node-soap, as a worker of `soblob consumer --worker 'node node_worker.js'`.
"use strict";
const fs = require("fs");
const readline = require("readline");
const soap = require("soap");

const LIMIT_MS = 2000;
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

// A block with attributes is read as an object.
function isTrue(block) {
  const value = block !== null && typeof block === "object" ? block.$value : block;
  return value === true || value === "true" || value === "1";
}

async function save(given) {
  if (CONTROLS.test(given.description || "")) {
    return { refused: "the description has control characters" };
  }
  const client = await soap.createClientAsync(`${given.url}?singleWsdl`, { endpoint: given.url });
  const headers = { Credentials: { Ticket: given.ticket } };
  if (given.token) {
    headers.ApplicationToken = given.token;
  }
  for (const [name, value] of Object.entries(headers)) {
    client.addSoapHeader({ [name]: value }, "", "tns", client.wsdl.definitions.$targetNamespace);
  }
  const values = { Type: given.type, Image: fs.readFileSync(given.image).toString("base64") };
  if (given.description !== null) {
    values.Description = given.description;
  }
  const options = { timeout: LIMIT_MS, maxRedirects: 0, signal: AbortSignal.timeout(LIMIT_MS) };
  const [result, , header] = await client.SaveImageStreamAsync(values, options);
  if (header && header.Succeeded !== undefined && !isTrue(header.Succeeded)) {
    return { failed: "Succeeded is not true" };
  }
  if (header && header.ExceptionInfo && header.ExceptionInfo.Message) {
    return { failed: "the answer has an exception" };
  }
  const id = Number(result && result.Response);
  if (!Number.isInteger(id) || id <= 0 || id > 2147483647) {
    return { failed: "the answer has no blob id" };
  }
  return { saved: id };
}

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const given = JSON.parse(line);
  let answer;
  try {
    answer = await save(given);
  } catch (error) {
    answer = { failed: error.code || "no answer that can be read" };
  }
  process.stdout.write(`${JSON.stringify({ call: given.call, ...answer })}\n`);
});
