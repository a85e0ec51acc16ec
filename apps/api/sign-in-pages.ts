import type { SignedInForTerminal, SignedInHere } from "#core/sign-in/finish-sign-in.ts";
import type { UserCode } from "#core/sign-in/user-code.ts";
import { html } from "./html.ts";
import type { Page } from "./page.ts";
import { time } from "./times.ts";

/** Links and forms are relative: a proxy may have put the service below a path. */

export function askForCode(given: string): Page {
  const wrong = given === "" ? "" : html`<p>That is no such code: it has eight letters.</p>`;
  return {
    title: "Let a terminal in",
    hasForm: true,
    body: html`${wrong}<p>Type the code that your terminal shows.</p>
<form method="get" action="terminal"><input name="code" autofocus autocomplete="off" maxlength="20" aria-label="Code"><button>Go on</button></form>`,
  };
}

/** A link, and no form: where a form leads a browser holds against the policy to the end (CSP, `form-action`). */
export function goOn(code: UserCode, provider: string): Page {
  return {
    title: "Let a terminal in",
    body: html`<p>Does your own terminal show <code>${code}</code>?</p>
<p><a href="../sign-in?code=${code}">Yes: go on to ${provider} and sign in</a></p>
<p>If somebody sent you here, close this page: they would act in your name.</p>`,
  };
}

/** What the terminal says of itself stands in elements of its own, each a paragraph to the bidirectional algorithm. */
export function askForDecision({ name, terminal, confirm }: SignedInForTerminal): Page {
  const called = terminal.name === "" ? "" : html`<dt>It calls itself</dt><dd dir="auto">${terminal.name}</dd>`;
  return {
    title: `Signed in as ${name}`,
    hasForm: true,
    body: html`<p>A terminal asked at ${time(terminal.askedAt)} to act in your name, with all that you may:</p>
<dl><dt>It shows</dt><dd><code>${terminal.userCode}</code></dd><dt>It is at the address</dt><dd>${terminal.address}</dd>${called}</dl>
<form method="post" action="terminal/decision"><input type="hidden" name="confirm" value="${confirm}">
<button name="letIn" value="yes">Let it in</button><button name="letIn" value="no">Refuse</button></form>
<p>Refuse if you did not start this yourself.</p>`,
  };
}

export function decided(letIn: boolean): Page {
  return letIn
    ? { title: "The terminal is let in", body: html`<p>Go back to it; this page can be closed.</p>` }
    : { title: "The terminal is refused", body: html`<p>It gets nothing; this page can be closed.</p>` };
}

export function signedIn({ name, made, grants }: SignedInHere): Page {
  const { id, expiresAt } = made.record;
  const roles = grants.map(
    ({ role, pattern, tags }) =>
      html`<li>${role} on <code>${pattern}</code>${tags === null ? "" : ` (${tags.join(", ")})`}</li>`,
  );
  return {
    title: `Signed in as ${name}`,
    body: html`<details><summary>Show the token, this once</summary><p><code>${made.token}</code></p></details>
<p>It is good until ${expiresAt === null ? "revoked" : time(expiresAt)}, and is token <code>${id}</code> of ${name}. Requests show it as <code>Authorization: Bearer</code>; nobody else may see it.</p>
<ul>${{ markup: roles.map(({ markup }) => markup).join("") }}</ul>`,
  };
}
