import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pollTerminal, startTerminal } from "#core/sign-in/terminals.ts";
import { openSignInRefusals } from "../note-sign-in-refusal.ts";
import { problems } from "../schemas.ts";
import { signInOf } from "../sign-in.ts";
import { DeviceToAsk, NewDevice, SignedInToken, StartedDevice, WaitingDevice } from "../sign-in-schemas.ts";
import { time } from "../times.ts";
import { signedInView } from "../views.ts";

const tags = ["access"];

/** How often a terminal asks. */
const intervalSeconds = 5;

/** For terminals, whose person has a browser elsewhere; open without a token (authorize.ts). */
export const signInRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const noteRefusal = openSignInRefusals(app);

  app.post(
    "/sign-in/device",
    {
      schema: {
        operationId: "startDevice",
        description:
          "Begins the sign-in of a terminal. Its person opens `verificationUri` in a browser anywhere, compares `userCode`, and signs in there. Asked without a token.",
        tags,
        security: [],
        body: NewDevice,
        response: { 201: StartedDevice, ...problems(404, 413, 415) },
      },
    },
    async ({ body: { name = "" }, address }, reply) => {
      const { publicUrl } = signInOf(app).settings;
      const { deviceCode, userCode, expiresAt } = await startTerminal(registry, name, address);
      const verificationUri = `${publicUrl}/v1/sign-in/terminal`;
      return reply.status(201).send({
        deviceCode,
        userCode,
        verificationUri,
        verificationUriComplete: `${verificationUri}?code=${userCode}`,
        expiresAt: time(expiresAt),
        intervalSeconds,
      });
    },
  );

  app.post(
    "/sign-in/device/token",
    {
      schema: {
        operationId: "pollDevice",
        description:
          "202 until the terminal is let in or refused in the browser; then a token, once. Ask again after `intervalSeconds`. Asked without a token.",
        tags,
        security: [],
        body: DeviceToAsk,
        response: { 201: SignedInToken, 202: WaitingDevice, ...problems(403, 404, 413, 415) },
      },
    },
    async (request, reply) => {
      const { id: requestId, address, body } = request;
      const { settings } = signInOf(app);
      const given = await pollTerminal(registry, settings, body.deviceCode, { requestId, address }).catch(
        noteRefusal(request),
      );
      if (given === null) return reply.status(202).send({ status: "waiting", intervalSeconds });
      return reply.status(201).send(signedInView(given));
    },
  );
};
