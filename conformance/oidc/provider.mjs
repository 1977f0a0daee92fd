// A real provider of OpenID Connect on the loopback: `node provider.mjs PEOPLE.json`.
//
// Prints its issuer, then serves until it is killed. PEOPLE.json is read for each token, so a test
// changes groups by writing it: {"anne": {"name": "anne@example", "groups": ["staff"]}}.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import Provider from "oidc-provider";

const [peopleFile] = process.argv.slice(2);
const people = () => JSON.parse(readFileSync(peopleFile, "utf8"));

const configuration = {
  clients: [
    {
      client_id: "galerne",
      client_secret: "a secret & of = both",
      redirect_uris: ["http://localhost:8080/v1/session/oidc/callback"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username"], groups: ["groups"] },
  // Groups stand in the ID token, as a provider has to be told.
  conformIdTokenClaims: false,
  cookies: { keys: ["only of this test"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => {
    const person = people()[id];
    if (person === undefined) return undefined;
    const claims = () => ({ sub: id, preferred_username: person.name, groups: person.groups });
    return { accountId: id, claims };
  },
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on("request", new Provider(issuer, configuration).callback());
  console.log(issuer);
});
