// One call with node-soap; what to call comes as JSON on standard input, the blob id goes out.
"use strict";
const soap = require("soap");

const NS = "http://www.superoffice.net/ws/crm/NetServer/Services86";

async function main() {
  const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const options = { endpoint: given.url, forceSoap12Headers: given.soap === "1.2" };
  const client = await soap.createClientAsync(given.wsdl, { ...options, ...given.options });
  const credentials = { Ticket: given.ticket };
  const blocks = { ApplicationToken: given.token, Credentials: credentials };
  if (given.headers === "with-namespace") {
    for (const [name, block] of Object.entries(blocks)) {
      client.addSoapHeader({ [name]: block }, "", "tns", NS);
    }
  } else if (given.headers === "as-xml") {
    client.addSoapHeader(
      `<ApplicationToken xmlns="${NS}">${given.token}</ApplicationToken>` +
        `<Credentials xmlns="${NS}"><Ticket>${given.ticket}</Ticket></Credentials>`,
    );
  } else if (given.headers === "bare") {
    client.addSoapHeader(blocks);
  } else {
    // The prefix that node-soap declares is the one that the WSDL does; others are unbound.
    const prefix = given.headers;
    client.addSoapHeader({
      [`${prefix}:ApplicationToken`]: given.token,
      [`${prefix}:Credentials`]: { [`${prefix}:Ticket`]: given.ticket },
    });
  }
  if (given.wsse) {
    client.setSecurity(new soap.WSSecurity("ada", "no secret"));
  }
  const [result] = await client.SaveImageStreamAsync(given.args, given.options);
  process.stdout.write(String(result.Response));
}

main().catch((error) => {
  process.stderr.write(String(error.message));
  process.exitCode = 1;
});
