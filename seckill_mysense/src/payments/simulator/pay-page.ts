import type { Money } from "../../domain/payment.ts";

const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
};
const style =
  "body{font:1.1rem system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}button{font:inherit;margin:.5rem .5rem 0 0}";

/** The page on which a buyer decides. The values come from a checked payment: a number and three capital letters. */
export function payPage({ amountMinor, currency }: Money): Response {
  return page(
    "Simulated payment",
    `<p>Amount: ${amountMinor} ${currency} (in the smallest unit). No money moves.</p>
<form method="post">
<button name="outcome" value="succeeded">Pay</button><button name="outcome" value="failed">Let it fail</button>
</form>`,
  );
}

export function thanksPage(outcome: "succeeded" | "failed"): Response {
  return page("Simulated payment", `<p>The payment ${outcome}. You can close this page and go back to the shop.</p>`);
}

function page(title: string, content: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style>
<h1>${title}</h1>${content}</html>`;
  return new Response(html, { headers });
}
