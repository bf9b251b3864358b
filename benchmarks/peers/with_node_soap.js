// The operation in node-soap, from our WSDL; discards what it stored on each line of standard input.
"use strict";
const fs = require("fs");
const http = require("http");
const readline = require("readline");
const soap = require("soap");

const blobs = [];
const service = {
  WcfBLOBService: {
    BasicHttpBinding_BLOB: {
      SaveImageStream(args) {
        blobs.push(Buffer.from(args.Image, "base64"));
        return { Response: blobs.length };
      },
    },
  },
};
const server = http.createServer((request, response) => response.writeHead(404).end());
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(0, "127.0.0.1", () => {
  soap.listen(server, "/Remote/Services86/BLOB.svc", service, fs.readFileSync(process.argv[2], "utf8"));
  console.log(server.address().port);
});
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", () => {
  console.log(blobs.length);
  blobs.length = 0;
});
lines.on("close", () => process.exit(0));
