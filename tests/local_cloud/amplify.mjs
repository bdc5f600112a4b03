// Signs in as the page does, with the library that it uses: node amplify.mjs PACKAGE ENDPOINT POOL CLIENT USER PASSWORD NEXT
import { createRequire } from "node:module";

const [packageFile, userPoolEndpoint, userPoolId, userPoolClientId, username, password, next] = process.argv.slice(2);
const require = createRequire(packageFile);
const { Amplify } = require("aws-amplify");
const auth = require("aws-amplify/auth");
const { cognitoUserPoolsTokenProvider } = require("aws-amplify/auth/cognito");

const kept = new Map();
Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint } } });
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  async setItem(key, value) { kept.set(key, value); },
  async getItem(key) { return kept.get(key) ?? null; },
  async removeItem(key) { kept.delete(key); },
  async clear() { kept.clear(); },
});

const said = {};
said.first = (await auth.signIn({ username, password })).nextStep.signInStep;
said.second = (await auth.confirmSignIn({ challengeResponse: next })).nextStep.signInStep;
const session = await auth.fetchAuthSession();
said.name = session.tokens.idToken.payload["cognito:username"];
said.renewed = Boolean((await auth.fetchAuthSession({ forceRefresh: true })).tokens.idToken);
await auth.signOut({ global: true });
said.left = (await auth.fetchAuthSession()).tokens === undefined;
said.wrong = await auth.signIn({ username, password }).then(() => "let in", (error) => error.name);
console.log(JSON.stringify(said));
