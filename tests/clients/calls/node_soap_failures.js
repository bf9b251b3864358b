// Calls with node-soap, one for each line of JSON on standard input; what came of it goes out.
"use strict";
const readline = require("readline");
const soap = require("soap");

const clients = {};

function said(response, succeeded) {
  return `Response ${response === undefined ? "undefined" : response}, Succeeded ${succeeded}`;
}

async function call(given) {
  const key = given.wsdl;
  if (!clients[key]) {
    const client = await soap.createClientAsync(given.wsdl);
    client.addSoapHeader({ ApplicationToken: given.token }, "", "tns", given.namespace);
    if (given.ticket) {
      client.addSoapHeader({ Credentials: { Ticket: given.ticket } }, "", "tns", given.namespace);
    }
    clients[key] = client;
  }
  try {
    const method = `${given.operation}Async`;
    const [result, , header] = await clients[key][method](given.args, { timeout: given.timeout });
    const succeeded = header && header.Succeeded;
    return said(result && result.Response, succeeded);
  } catch (error) {
    if (error.root && error.root.Envelope) {
      const fault = error.root.Envelope.Body.Fault;
      const code = fault.faultcode || (fault.Code && fault.Code.Value) || "";
      const text = typeof code === "string" ? code : code.$value;
      return `Error with a fault ${String(text).split(":").pop()}`;
    }
    if (error.code) {
      return `Error ${error.code}`;
    }
    if (error.response && error.response.status) {
      return `Error ${error.response.status}`;
    }
    return `Error: ${String(error.message).split("\n")[0].slice(0, 60)}`;
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write((await call(JSON.parse(line))) + "\n");
  }
  process.exit(0);
})();
