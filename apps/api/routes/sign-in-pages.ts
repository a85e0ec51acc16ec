import { parse } from "node:querystring";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { finishSignIn } from "#core/sign-in/finish-sign-in.ts";
import { signInInvalid } from "#core/sign-in/provider.ts";
import { beginSignIn } from "#core/sign-in/sign-ins.ts";
import { decideTerminal } from "#core/sign-in/terminals.ts";
import { parseUserCode } from "#core/sign-in/user-code.ts";
import { openSignInRefusals } from "../note-sign-in-refusal.ts";
import { sendPage } from "../page.ts";
import { showProblemsAsPages } from "../problem-page.ts";
import { closed } from "../schemas.ts";
import { secretCookie, secretIn, signInOf } from "../sign-in.ts";
import { askForCode, askForDecision, decided, goOn, signedIn } from "../sign-in-pages.ts";

const codeQuery = Type.Object({ code: Type.Optional(Type.String({ maxLength: 40 })) }, closed);
const arriving = { arrival: true, secretQuery: true } as const;
const page = { hide: true } as const;

/** For browsers; open without a token (authorize.ts). A link to one that is only looked at (HEAD) uses nothing up. */
export const signInPages: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const noteRefusal = openSignInRefusals(app);
  showProblemsAsPages(app);
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 4_096 },
    (_request, text, done) => done(null, { ...parse(String(text)) }),
  );

  app.get(
    "/sign-in",
    {
      exposeHeadRoute: false,
      config: arriving,
      schema: { ...page, operationId: "startSignIn", querystring: codeQuery },
    },
    async ({ query: { code = "" } }, reply) => {
      const { provider, settings } = signInOf(app);
      const terminal = parseUserCode(code);
      if (code !== "" && terminal === null) throw signInInvalid("the code of a terminal has eight letters");
      const secret = await beginSignIn(registry, terminal);
      const url = await provider.authorizationUrl(secret);
      return reply.header("set-cookie", secretCookie(settings, secret)).redirect(url.href, 303);
    },
  );

  app.get(
    "/sign-in/callback",
    { exposeHeadRoute: false, config: arriving, schema: { ...page, operationId: "finishSignIn" } },
    async (request, reply) => {
      const { provider, settings } = signInOf(app);
      const { id: requestId, address, url } = request;
      const secret = secretIn(request, settings);
      const query = url.slice(url.indexOf("?") + 1 || url.length);
      const result = await finishSignIn(
        { ...registry, provider },
        settings,
        { query, secret },
        { requestId, address },
      ).catch(noteRefusal(request));
      if ("terminal" in result) return sendPage(reply, askForDecision(result));
      return sendPage(reply.header("set-cookie", secretCookie(settings, null)), signedIn(result));
    },
  );

  app.get(
    "/sign-in/terminal",
    {
      exposeHeadRoute: false,
      config: arriving,
      schema: { ...page, operationId: "askForCode", querystring: codeQuery },
    },
    async ({ query: { code = "" } }, reply) => {
      const { settings } = signInOf(app);
      const terminal = parseUserCode(code);
      return sendPage(reply, terminal === null ? askForCode(code) : goOn(terminal, new URL(settings.issuer).host));
    },
  );

  app.post(
    "/sign-in/terminal/decision",
    {
      schema: {
        ...page,
        operationId: "decideTerminal",
        body: Type.Object({ confirm: Type.String({ maxLength: 100 }), letIn: Type.Enum(["yes", "no"]) }, closed),
      },
    },
    async (request, reply) => {
      const { settings } = signInOf(app);
      const { confirm, letIn } = request.body;
      const secret = secretIn(request, settings);
      await decideTerminal(registry, { secret, confirm, letIn: letIn === "yes" }).catch(noteRefusal(request));
      return sendPage(reply.header("set-cookie", secretCookie(settings, null)), decided(letIn === "yes"));
    },
  );
};
