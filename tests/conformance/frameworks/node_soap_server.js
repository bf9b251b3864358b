// The service in node-soap: a right one, or with the change that standard input names.
//
// node-soap checks neither the headers of HTTP nor namespaces, and its own faults are not valid. A
// server of our own in front of it reads the message with sax, and hands it on in plain form. It prints its port, answers each name of a change with a line, and ends
// with its standard input.
const fs = require("fs");
const http = require("http");
const readline = require("readline");
const soap = require("soap");
const sax = require(require.resolve("sax", { paths: [require.resolve("soap")] }));

const SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
const NS = "http://www.superoffice.net/ws/crm/NetServer/Services86";
const PATH = "/Remote/Services86/BLOB.svc";
const TICKET = "7T:rightfulTicket==";
const TYPES = ["PersonImage", "ProjectImage", "ProductImage", "QuoteLineImage"];
const wsdl = fs.readFileSync(process.argv[2], "utf8");
let change = "none";
let images = [];

function fail(kind) {
  const statusCode = change === "fault with 200" ? 200 : 500;
  throw { Fault: { faultcode: "soap:Client", faultstring: kind, statusCode } };
}

function check(headers) {
  const ticket = headers && headers.Credentials && headers.Credentials.Ticket;
  if (ticket !== TICKET && change !== "any ticket") fail("SoSessionException");
}

const services = {
  WcfBLOBService: {
    BasicHttpBinding_BLOB: {
      SaveImageStream(args, callback, headers) {
        check(headers);
        const text = String(args.Image).replace(/\s/g, "");
        if (!TYPES.includes(args.Type)) fail("Type");
        if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) fail("base64");
        images.push(change === "text" ? Buffer.from(text).toString("base64") : text);
        return { Response: change === "no id" ? 0 : images.length };
      },
      GetBlobStream(args, callback, headers) {
        check(headers);
        if (!/^\d+$/.test(args.BlobEntityId)) fail("BlobEntityId");
        const text = images[args.BlobEntityId - 1];
        if (text === undefined) fail("SoInvalidArgumentException");
        return { Response: text };
      },
    },
  },
};

function decode(body) {
  if (body[0] === 0xfe && body[1] === 0xff) return Buffer.from(body).swap16().toString("utf16le");
  return body.toString(body[0] === 0xff && body[1] === 0xfe ? "utf16le" : "utf8");
}

// Returns the elements of a message as [path, text, mustUnderstand]; throws for what is no XML.
function read(text) {
  const parser = sax.parser(true, { xmlns: true, strictEntities: true });
  const open = [];
  const found = [];
  parser.ondoctype = parser.onprocessinginstruction = (node) => {
    if (!node || node.name !== "xml") throw new Error("not allowed");
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = (node) => {
    const step = `{${node.uri}}${node.local}`;
    const path = open.length ? `${open.at(-1)[0]}/${step}` : step;
    const must = Object.values(node.attributes).some(
      (one) => one.uri === SOAP && one.local === "mustUnderstand" && one.value === "1",
    );
    open.push([path, "", must]);
    found.push(open.at(-1));
  };
  parser.ontext = parser.oncdata = (piece) => {
    if (open.length) open.at(-1)[1] += piece;
  };
  parser.onclosetag = () => open.pop();
  parser.write(text.replace(/^\uFEFF/, "")).close();
  return found;
}

// Returns the plain form of a right message, or the status with which it is refused.
function guard(request, body) {
  const type = request.headers["content-type"] || "";
  const right = /^text\/xml(; ?charset="?utf-(8|16)"?)?$/i.test(type);
  if (!right && change !== "any type") return 415;
  let found;
  try {
    found = read(decode(body));
  } catch (error) {
    return 400;
  }
  const root = `{${SOAP}}Envelope`;
  const inside = found.filter(([path]) => path.startsWith(`${root}/{${SOAP}}Body/`));
  if (!inside.length) return 400;
  const wrapper = inside[0][0];
  const name = wrapper.split("}").at(-1);
  const parts = inside.slice(1);
  const names = { SaveImageStream: ["Type", "Image", "Description"], GetBlobStream: ["BlobEntityId"] };
  if (wrapper !== `${root}/{${SOAP}}Body/{${NS}}${name}` || !names[name]) return 500;
  const wanted = names[name].map((part) => `${wrapper}/{${NS}}${part}`);
  if (parts.map(([path]) => path).join() !== wanted.join()) return 500;
  const action = `"${NS}/BLOB/${name}"`;
  if (request.headers.soapaction !== action && change !== "any action") return 500;
  const blocks = found.filter(([path]) => path.startsWith(`${root}/{${SOAP}}Header/`));
  if (blocks.some(([path, , must]) => must && !path.includes(`Header/{${NS}}`))) return 500;
  const ticket = blocks.find(([path]) => path.endsWith(`{${NS}}Credentials/{${NS}}Ticket`));
  return plain(name, ticket ? ticket[1] : "", names[name].map((part, at) => [part, parts[at][1]]));
}

function plain(name, ticket, parts) {
  const escape = (text) => text.replace(/[&<\r]/g, (char) => `&#${char.charCodeAt(0)};`);
  const inside = parts.map(([part, text]) => `<n:${part}>${escape(text)}</n:${part}>`).join("");
  return Buffer.from(
    `<s:Envelope xmlns:s="${SOAP}" xmlns:n="${NS}"><s:Header><n:Credentials><n:Ticket>` +
      `${escape(ticket)}</n:Ticket></n:Credentials></s:Header><s:Body><n:${name}>${inside}` +
      `</n:${name}></s:Body></s:Envelope>`,
  );
}

const inner = http.createServer((request, response) => response.end());
const outer = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const isCall = request.method === "POST";
    const body = isCall ? guard(request, Buffer.concat(pieces)) : Buffer.alloc(0);
    if (!Buffer.isBuffer(body)) return response.writeHead(body, { "Content-Length": 0 }).end();
    const type = "text/xml; charset=utf-8";
    const headers = { "content-type": type, "content-length": body.length, soapaction: '""' };
    if (isCall) headers.soapaction = request.headers.soapaction || '""';
    const { method, url } = request;
    const options = { port: inner.address().port, host: "127.0.0.1", method, path: url, headers };
    const forwarded = http.request(options, (answer) => {
      const kept = { ...answer.headers };
      delete kept.connection;
      response.writeHead(answer.statusCode, kept);
      answer.pipe(response);
    });
    forwarded.end(body);
  });
});

inner.listen(0, "127.0.0.1", () => {
  soap.listen(inner, PATH, services, wsdl, () => {});
  outer.listen(0, "127.0.0.1", () => console.log(outer.address().port));
});
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  change = line.trim();
  images = [];
  console.log("changed");
});
lines.on("close", () => process.exit(0));
